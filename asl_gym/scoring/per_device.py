"""The frontier's dual with a budget a device, where devices train in turn.

Given the server's multiplier λ_s, which alone decides the frequency, the dual falls into functions
of one multiplier λ_n each. The sum of their maxima is concave in λ_s: two searches along one number
each, one within the other. Tangents at two λ_n, mixed so that their slopes in λ_n cancel, make the
outer search's tangents, which hold at all multipliers.
"""

import numpy as np

from asl_gym.arrays import Array
from asl_gym.scoring.ascent import Ascent
from asl_gym.scoring.cuts import Box, Cuts

__all__ = ["DeviceDual"]

INNER_SHARE = 0.02
"""Share of the tolerance that the devices' searches may leave."""

NEGLIGIBLE = 1e-12
"""Distance of a mean energy from its budget that counts as rounding, relative."""

FIRST_STEP, LEAST_STEP, GREATEST_STEP = 0.05, 1e-6, 0.2
"""How far second points are from the first: in the outer search, and limits in the inner ones."""

MAX_STEPS = 200


class _Device:
    """One device's function of λ_n at one λ_s: its search, and the best found so far.

    Args:
        ascent: The search.
        target: The device's energy E_n [J].
    """

    def __init__(self, ascent: Ascent, target: float) -> None:
        self.ascent, self._target = ascent, target
        self.multiplier, self.value = 0.0, -np.inf
        self.energies = 0.0, 0.0

    def tell(self, least: float, own: float, server: float) -> None:
        """Takes in the means at the search's point.

        Args:
            least: Least delay and weighted energies [s].
            own: The device's energy [J].
            server: The energy of the server side that it costs [J].
        """
        multiplier = self.ascent.point
        value = least - multiplier * self._target
        if value > self.value:
            self.multiplier, self.value, self.energies = multiplier, value, (own, server)
        self.ascent.tell(value, own - self._target, carried=server)

    @property
    def gap(self) -> float:
        """How far the maximum may be above the best value [s]; 0 where no point is left to try."""
        return 0.0 if self.ascent.is_spent else self.ascent.upper - self.value


class DeviceDual:
    """The dual at given energies.

    Args:
        cuts: Cuts to start from, the first at λ = 0; those that are needed are added.
        target: The energies E [J], shape (K,), the server's last.
        box: The multipliers to search.
    """

    def __init__(self, cuts: Cuts, target: Array, box: Box) -> None:
        self._cuts, self._solver, self._box = cuts, cuts.solver, box
        self._target: list[float] = target.tolist()

    def maximise(self, guess: Array, tolerance: float) -> float:
        """Adds cuts until the maximum is certain.

        Args:
            guess: Multipliers to start from [s/J], shape (K,).
            tolerance: Relative distance from the maximum at which the search ends.

        Returns:
            An upper bound on the maximum.
        """
        scale, greatest = float(self._box.scale[-1]), float(self._box.greatest[-1])
        budget, best = self._target[-1], -np.inf
        outer = Ascent(float(guess[-1]), FIRST_STEP, scale, greatest, NEGLIGIBLE * budget)
        tried = {float(guess[-1]): guess[:-1]}
        for _ in range(MAX_STEPS):
            server = outer.point
            devices = self._devices(server, tried, INNER_SHARE * tolerance * self._cuts.values[0])
            tried[server] = np.array([device.multiplier for device in devices])
            best = max(best, self._keep(server, devices))
            ascents = [device.ascent for device in devices]
            upper = sum(ascent.upper for ascent in ascents) - server * budget
            slope = sum(ascent.mixed for ascent in ascents) - budget
            outer.tell(upper, slope)
            if outer.is_spent or outer.upper - best <= tolerance * abs(best):
                break
        return outer.upper

    def _keep(self, server: float, devices: list[_Device]) -> float:
        """Keeps the cut at λ_s and the devices' best multipliers; returns the bound it gives."""
        multipliers = np.array([*(device.multiplier for device in devices), server])
        own, on_server = np.array([device.energies for device in devices]).T
        bound = sum(device.value for device in devices) - server * self._target[-1]
        value = bound + float(multipliers @ np.array(self._target))
        self._cuts.keep(multipliers, value, np.append(own, on_server.sum()))
        return bound

    def _devices(self, server: float, tried: dict[float, Array], tolerance: float) -> list[_Device]:
        """The devices' maxima at one λ_s.

        Args:
            server: λ_s [s/J].
            tried: The best λ_n [s/J] at other λ_s, to start from at the nearest one.
            tolerance: How far the sum may be from their sum [s].
        """
        near = min(tried, key=lambda other: abs(other - server))
        step = abs(server - near) / max(server, near, np.finfo(float).tiny)
        step = min(max(step, LEAST_STEP), GREATEST_STEP)
        limits = tried[near].tolist(), self._box.scale.tolist(), self._box.greatest.tolist()
        devices = [
            _Device(Ascent(guess, step, scale, greatest, NEGLIGIBLE * target), target)
            for guess, scale, greatest, target in zip(*limits, self._target, strict=False)
        ]
        for _ in range(MAX_STEPS):
            going = np.array([device.gap > tolerance / len(devices) for device in devices])
            if not going.any():
                break
            points = np.array([device.ascent.point for device in devices])
            means = self._solver.device_means(np.where(going, points, -1.0), server)
            for n in np.flatnonzero(going):
                devices[n].tell(*(float(each[n]) for each in means))
        return devices
