"""Views of the action of devices on batteries: split points alone, as the server's clock is full.

What a view is, is in :mod:`asl_gym.envs.action_view`. Where that speaks of queues, batteries stand
here: what they hold [J], shape (B, N).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.action_view import ActionView, CompiledStep, ShownCosts, is_plain
from asl_gym.envs.batteries.kernel import LN_LEAST_PRICE, step_indices, step_prices
from asl_gym.scenario.scenario import Scenario

__all__ = ["BatteryDictView", "BatterySplitView", "BatteryView", "PriceView"]


class BatteryView(ActionView):
    """A view whose actions decide split points, at the full server clock."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        assert scenario.batteries is not None
        self._trickle = scenario.batteries.trickle_power_w

    def taken(self, action: Any, rows: int) -> CompiledStep:
        """The compiled step of a checked batch of actions, and what it takes.

        Args:
            action: Actions of B environments, in the batched form of ``space``.
            rows: Environments B.

        Raises:
            ValueError: If a value or the shape lies outside the space.
        """
        return step_indices, (self._indices(action, rows).reshape(-1),)

    def _indices(self, action: Any, rows: int) -> Splits:
        """The split indices that an action says, shape (B, N)."""
        return np.ascontiguousarray(
            self._checked_indices(action, action, rows, self.num_splits - 1)
        )

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """See :meth:`ActionView.decode`; ``queue`` is what batteries hold [J], shape (B, N)."""
        splits = self._indices(action, len(queue))
        return splits, np.full(splits.shape, self.server.clock_max_hz)

    def observing_step(self, num_rows: int) -> CompiledStep:
        """See :meth:`ActionView.observing_step`."""
        return step_indices, (np.zeros(num_rows * self.num_devices, np.int64),)

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> Any:
        """See :meth:`ActionView.encode`.

        Raises:
            ValueError: If a frequency is not the server's full clock.
        """
        if not (np.asarray(server_frequency_hz) == self.server.clock_max_hz).all():
            raise ValueError(
                f"server_frequency_hz = {server_frequency_hz!r}: expected the full clock of "
                f"{self.server.clock_max_hz:g} Hz, at which the server runs where devices have "
                "batteries"
            )
        return np.array(split_index, dtype=np.int64)


class BatterySplitView(BatteryView):
    """``MultiDiscrete`` of N split indices."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.space = spaces.MultiDiscrete(self.num_splits.copy())

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """See :meth:`ActionView.compiled_step`."""
        if is_plain(action, "i", (*batch, self.num_devices)):
            return step_indices, (action.reshape(-1),)
        return None


class BatteryDictView(BatteryView):
    """``Dict`` of ``split``, N split indices."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.space = spaces.Dict(split=spaces.MultiDiscrete(self.num_splits.copy()))

    def _indices(self, action: Any, rows: int) -> Splits:
        if not isinstance(action, Mapping) or set(action) != {"split"}:
            raise self._reject(action, "is no mapping of split alone")
        return super()._indices(action["split"], rows)

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> dict[str, NDArray[Any]]:
        """See :meth:`BatteryView.encode`."""
        return {"split": super().encode(split_index, server_frequency_hz)}


class PriceView(BatteryView):
    """``Box(−1, 1)`` of length N: what a joule in each device's battery is worth, on a log scale.

    −1 stands for 10⁻³ and 1 for 1 times 1/ϖ, at which a stored joule is worth what waiting for one
    costs. Each device takes the option that is cheapest at its price,
    argmin_ℓ D − price·B′ with its wait in D and B′ what the battery holds after the round, by what
    is shown; ties go to less energy, then to the lower index.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.space = spaces.Box(-1.0, 1.0, (self.num_devices,), np.float32)

    def _positions(self, action: Any, rows: int) -> Array:
        checked = self._checked(action, action, (rows, self.num_devices), (-1, 1))
        return np.ascontiguousarray(checked, dtype=np.float64)

    def taken(self, action: Any, rows: int) -> CompiledStep:
        """See :meth:`BatteryView.taken`."""
        return step_prices, (self._positions(action, rows).reshape(-1),)

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """See :meth:`ActionView.compiled_step`."""
        if is_plain(action, "f", (*batch, self.num_devices)):
            return step_prices, (action.astype(np.float64, copy=False).reshape(-1),)
        return None

    def prices(self, position: Array) -> Array:
        """Prices of a joule [s/J] that actions stand for, same shape."""
        return np.asarray(np.exp(0.5 * (1.0 - position) * LN_LEAST_PRICE) / self._trickle)

    def encode_prices(self, price: Array) -> NDArray[np.float32]:
        """Actions of prices of a joule [s/J], same shape; those beyond the ends go to the ends."""
        least = np.exp(LN_LEAST_PRICE)
        relative = np.clip(np.asarray(price, dtype=float) * self._trickle, least, 1.0)
        return np.asarray(1.0 - 2.0 * np.log(relative) / LN_LEAST_PRICE, dtype=np.float32)

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """Raises: what is cheapest depends on the round's harvest too; play the action.

        Raises:
            ValueError: Always.
        """
        raise ValueError("prices decide when they are played: expected an action of another view")

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> Any:
        """Raises: a split point has no price of its own; use :meth:`encode_prices`.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"split_index = {split_index!r} has no price: act in the view 'split' or 'dict', or "
            "write prices by encode_prices()"
        )
