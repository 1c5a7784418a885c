"""The shipped prices of energy, which :mod:`asl_gym.policies.harvest.tuning` found."""

from functools import cache
from pathlib import Path
from typing import Any

from asl_gym.policies.harvest.deficit_price import DeficitPrice
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from asl_gym.validation.json_files import read_json

__all__ = ["SHIPPED", "tuned_price", "tuned_prices_by_device"]

SHIPPED = Path(__file__).parents[2] / "data" / "harvest_prices.json"


@cache
def _shipped() -> dict[str, Any]:
    found: dict[str, Any] = read_json(SHIPPED, "prices")
    return found


def tuned_price(kind: str) -> DeficitPrice:
    """The best price for all devices of the preset ``harvest``.

    Args:
        kind: ``"constant"``, ``"deficit"`` or ``"drift-plus-penalty"``.
    """
    return DeficitPrice(*_shipped()[kind]["common"])


def tuned_prices_by_device(kind: str, scenario: Scenario) -> list[DeficitPrice]:
    """The best price for each device of the preset ``harvest``.

    Args:
        kind: As for :func:`tuned_price`.
        scenario: Where they are to be used.

    Raises:
        FieldError: If the scenario has other devices; those may be tuned for by
            :func:`asl_gym.policies.harvest.tuning.tune`.
    """
    if scenario.fleet != preset("harvest").fleet:
        allowed = "that of the preset 'harvest', for whose devices prices were tuned one by one"
        raise FieldError("scenario.fleet", f"{scenario.num_devices} devices", allowed)
    return [DeficitPrice(*each) for each in _shipped()[kind]["devices"]]
