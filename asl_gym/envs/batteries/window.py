"""Prepared rounds of devices on batteries: the weather beside :mod:`asl_gym.envs.window`."""

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.envs import preparing
from asl_gym.envs.codec import Codec
from asl_gym.envs.window import Window
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.luck import LuckConstants
from asl_gym.traces.luck_filling import lanes_of
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.traces.trace import Trace
from asl_gym.traces.weather import climate_of, fill_harvests

__all__ = ["BatteryWindow"]


class BatteryWindow(Window):
    """A window that also holds harvests and skies.

    Args:
        scenario: A scenario with batteries.
        num_rows: Environments B.
        codec: The view of the observation.
        harvest: Measured harvests, or ``None`` for those by the weather's law.

    Attributes:
        weather: Harvests [J] and skies of the prepared rounds, shape (2, rounds·B·N), at the same
            places as the others.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_rows: int,
        codec: Codec,
        harvest: MeasuredHarvest | None = None,
    ) -> None:
        super().__init__(scenario, num_rows, codec)
        assert scenario.batteries is not None
        batteries, energies = scenario.batteries, scenario.fastest_energies
        self._climate = climate_of(batteries, energies, scenario.horizon, num_rows, harvest)
        self.weather = np.zeros((2, self._length * self._lanes))

    def draw(self, keys: Keys, luck: LuckConstants) -> None:
        """See :meth:`Window.draw`."""
        super().draw(keys, luck)
        self._of_round = lanes_of(keys, self._shape[1], 1)
        self._sky = np.zeros(self._lanes)

    def _draw(self, start: int, end: int) -> preparing.Luck:
        harvest, cloud = self._places(start, end)
        fill_harvests(self._of_round, start, self._climate, self._sky, harvest, cloud)
        return super()._draw(start, end)

    def _read(self, start: int, end: int) -> preparing.Luck:
        trace: Trace | None = self._trace
        assert trace is not None
        for place, name in zip(self._places(start, end), trace.WEATHER, strict=True):
            values = getattr(trace, name)
            rounds = 0.0 if values is None else values[:, start:end].swapaxes(0, 1)
            place.reshape(end - start, *self._shape)[...] = rounds
        return super()._read(start, end)

    def _places(self, start: int, end: int) -> Array:
        """Where the weather of some rounds is kept, shape (2, rounds·B·N)."""
        at = start % self._length * self._lanes
        return self.weather[:, at : at + (end - start) * self._lanes]
