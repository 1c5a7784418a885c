"""The rounds of B environments whose devices run on batteries."""

from typing import Any

import numpy as np

from asl_gym.arrays import Array, Float32, Keys
from asl_gym.envs.action_view import ActionView, CompiledStep
from asl_gym.envs.batteries.kernel import CHARGED
from asl_gym.envs.batteries.memory import battery_memory, charges_in
from asl_gym.envs.batteries.views import BatteryView
from asl_gym.envs.batteries.window import BatteryWindow
from asl_gym.envs.codec import Codec
from asl_gym.envs.kernel import OF_DEVICES, OF_ROWS, REWARD
from asl_gym.envs.rewards import Reward
from asl_gym.envs.simulation import Simulation
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.traces.synthetic import TraceSource
from asl_gym.traces.trace import Trace
from asl_gym.traces.weather import with_weather

__all__ = ["BatterySimulation"]


class BatterySimulation(Simulation):
    """State and dynamics of B environments whose devices run on batteries.

    Arguments are those of :class:`Simulation`, and ``harvest``: measured harvests, or ``None`` for
    those by the weather's law.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_rows: int,
        reward: Reward,
        traces: TraceSource,
        codec: Codec,
        keeps_rounds: bool = False,
        harvest: MeasuredHarvest | None = None,
    ) -> None:
        self.harvest = harvest
        self._lanes = num_rows * scenario.num_devices
        self._store = battery_memory(scenario, num_rows, reward)
        self._initial = charges_in(self._store, self._lanes).copy()
        self._charged = np.empty(CHARGED * self._lanes)
        super().__init__(scenario, num_rows, reward, traces, codec, keeps_rounds)

    def _made_window(self) -> BatteryWindow:
        window = BatteryWindow(self.scenario, self._num_rows, self.codec, self.harvest)
        self._weather = window.weather
        return window

    def _begin(self) -> None:
        super()._begin()
        charges_in(self._store, self._lanes)[:] = self._initial

    @property
    def battery(self) -> Array:
        """What batteries hold [J], shape (B, N), a view that steps change."""
        return charges_in(self._store, self._lanes).reshape(self._shape)

    def shown_queue(self) -> Array:
        """Raises: there is none.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError("queue: the devices run on batteries, see battery")

    def _imposed(self, drawn: Trace, keys: Keys) -> Trace:
        batteries, energies = self.scenario.batteries, self.scenario.fastest_energies
        assert batteries is not None
        imposed = super()._imposed(drawn, keys)
        return with_weather(batteries, energies, imposed, keys, self.harvest)

    def fitted(self, trace: Any) -> Trace | None:
        """See :meth:`Simulation.fitted`.

        Raises:
            ValueError: Also if the trace says nothing of harvests, or of skies that are shown.
        """
        fitted = super().fitted(trace)
        batteries = self.scenario.batteries
        assert batteries is not None
        if fitted is None:
            return None
        for name in fitted.WEATHER[: 1 + batteries.cloud_shown]:
            if getattr(fitted, name) is None:
                raise ValueError(
                    f"options['trace'] has no {name}: expected one, since devices run on batteries"
                )
        return fitted

    def _observing_step(self, view: ActionView) -> CompiledStep:
        step, own = view.observing_step(self._num_rows)
        return step, (self._store, self._weather, self._charged, *own)

    def check(self, action: Any, view: ActionView) -> None:
        """See :meth:`Simulation.check`."""
        assert isinstance(view, BatteryView)
        view.taken(action, self._num_rows)

    def _decoded_step(self, action: Any, view: ActionView) -> Float32:
        assert isinstance(view, BatteryView)
        observations = self._compiled_step(view.taken(action, self._num_rows))
        assert observations is not None
        return observations

    def _compiled_step(self, compiled: CompiledStep | None) -> Float32 | None:
        if compiled is None:
            return None
        (step, own), charged = compiled, np.empty(CHARGED * self._lanes)
        found = super()._compiled_step((step, (self._store, self._weather, charged, *own)))
        if found is not None:
            self._charged = charged
        return found

    def start_info(self) -> dict[str, Any]:
        """See :meth:`Simulation.start_info`."""
        return {"battery": self.battery.copy()}

    def shown_charging(self, row: int) -> dict[str, Array]:
        """What each device of a row waited [s] and harvested [J] in the last round, (N,) each."""
        _, harvest, wait, end = self._charged.reshape(CHARGED, *self._shape)
        return {"wait": wait[row] + end[row], "harvest": harvest[row]}

    def info(self) -> tuple[Array, dict[str, Any]]:
        """See :meth:`Simulation.info`."""
        of_devices, of_rows, chosen = self.parts_of(self._outcome)
        charged = self._charged.reshape(CHARGED, *self._shape)
        return of_rows[REWARD], _info(of_devices, of_rows[1:], chosen, charged)

    def info_alone(self) -> tuple[float, dict[str, Any]]:
        """See :meth:`Simulation.info_alone`."""
        (figures, chosen), n = self._outcome, self._shape[1]
        of_devices = figures[: OF_DEVICES * n].reshape(OF_DEVICES, n)
        reward, *of_rows = figures[-OF_ROWS:].tolist()
        charged = self._charged.reshape(CHARGED, n)
        return reward, _info(of_devices, of_rows, chosen.reshape(2, n), charged)


def _info(of_devices: Any, of_rows: Any, chosen: Any, charged: Any) -> dict[str, Any]:
    delay, energy, server_energy = of_rows
    device_delay, device_energy, frequency, device_reward = of_devices
    battery, harvest, wait, end_charge = charged
    split, split_index = chosen
    return {
        "delay": delay,
        "energy": energy,
        "device_delay": device_delay,
        "device_energy": device_energy,
        "device_reward": device_reward,
        "server_energy": server_energy,
        "split": split,
        "split_index": split_index,
        "server_frequency": frequency,
        "battery": battery,
        "harvest": harvest,
        "wait": wait,
        "end_charge": end_charge,
    }
