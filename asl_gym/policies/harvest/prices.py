"""Policies that put a price on energy: none, a constant one, or one by the battery's deficit.

Each round every device plays the option of the least delay, with its wait, less the price of what
its battery holds afterwards. Energy that a full battery could not have kept costs nothing then.
Prices are in units of 1/ϖ, what a joule costs at an empty battery: no joule is worth more.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.policies.base import scenario_of
from asl_gym.policies.harvest.base import HarvestRule
from asl_gym.policies.harvest.deficit_price import DeficitPrice, deficit_price
from asl_gym.policies.harvest.shown import BatteryRound
from asl_gym.policies.harvest.tuned import tuned_price, tuned_prices_by_device
from asl_gym.solvers.sequential import cheapest_options
from asl_gym.validation.checks import SHARE, FieldError, number

__all__ = ["ConstantPrice", "DriftPlusPenalty", "Myopic", "PricePolicy"]


class PricePolicy(HarvestRule):
    """A policy that is a price of energy."""

    @abstractmethod
    def price(self, shown: BatteryRound) -> Array:
        """The price of a joule of each device, in units of 1/ϖ, shape (..., N) or less."""

    def cuts(self, shown: BatteryRound) -> Splits:
        """See :meth:`HarvestRule.cuts`."""
        price = np.asarray(self.price(shown) / self.batteries.trickle_power_w)
        kept = price[..., None] * shown.charges_after(self.capacity)
        return cheapest_options(shown.total_delay(self.batteries) - kept, shown.energy)


class Myopic(PricePolicy):
    """The least delay of the round, as if there were no next one: energy has no price."""

    def price(self, shown: BatteryRound) -> Array:
        """See :meth:`PricePolicy.price`."""
        return np.zeros(1)


class DriftPlusPenalty(PricePolicy):
    """Drift plus penalty on the battery's deficit, with an exponent and a factor for the hour.

    With α = 1 and without hours it is the field's rule: the drift of ½(C − B)² is about
    (C − B)·(B(t) − B(t+1)), so that the deficit is the price of what a round takes. A greater
    deficit may count more than in proportion, and before a night a joule more than at dawn.

    Args:
        env: The environment or scenario.
        law: The price, or one a device; by default :func:`asl_gym.policies.harvest.tuned_price`.

    Raises:
        FieldError: If there are not as many prices as devices.
    """

    def __init__(self, env: Any, law: DeficitPrice | Sequence[DeficitPrice] | None = None) -> None:
        super().__init__(env)
        given = tuned_price("drift-plus-penalty") if law is None else law
        laws = [given] if isinstance(given, DeficitPrice) else [*given]
        if len(laws) not in (1, self.scenario.num_devices):
            raise FieldError("law", len(laws), f"one or {self.scenario.num_devices} prices")
        self.law = DeficitPrice(*np.array(laws).T)

    def price(self, shown: BatteryRound) -> Array:
        """See :meth:`PricePolicy.price`."""
        deficit = 1.0 - np.minimum(shown.charge / self.capacity, 1.0)
        part_of_day = shown.part_of_day(self.batteries)[..., None]
        return np.asarray(deficit_price(deficit, part_of_day, self.law))

    @classmethod
    def by_device(cls, env: Any) -> "DriftPlusPenalty":
        """With the price that was tuned for each device of the preset ``harvest``.

        Raises:
            FieldError: If the scenario has another fleet.
        """
        return cls(env, tuned_prices_by_device("drift-plus-penalty", scenario_of(env)))

    @classmethod
    def on_deficit(cls, env: Any) -> "DriftPlusPenalty":
        """With the tuned price that depends on the deficit alone, the same at every hour."""
        return cls(env, tuned_price("deficit"))


class ConstantPrice(DriftPlusPenalty):
    """The same price of energy at every hour and charge.

    Args:
        env: The environment or scenario.
        price: The price in units of 1/ϖ, within 0…1; the tuned one by default.
    """

    def __init__(self, env: Any, price: float | None = None) -> None:
        law = tuned_price("constant")
        if price is not None:
            law = DeficitPrice(number("price", price, SHARE), 0.0, 0.0, 0.0)
        super().__init__(env, law)
