"""The one number (or word) by which a scheme trades delay against energy."""

from typing import Any, NamedTuple

from asl_gym.model.components import Schedule
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError

__all__ = ["BOTH", "CLOCK_KNOB", "SPLIT_KNOB", "Knob", "check_schedule"]

BOTH: tuple[Schedule, ...] = ("sequential", "parallel")
"""The schedules of a scheme that fits either."""


class Knob(NamedTuple):
    """An argument of a policy that is swept, so that the policy is drawn as a curve.

    Attributes:
        name: The keyword argument's name.
        values: The values to sweep; ``None`` stands for the split points that all devices have.
        meaning: What it does, in a line.
    """

    name: str
    values: tuple[Any, ...] | None
    meaning: str

    def values_in(self, scenario: Scenario) -> tuple[Any, ...]:
        """The values to sweep in a scenario."""
        return scenario.split_points.common if self.values is None else self.values


CLOCK_KNOB = Knob("server_frequency", ("max", "open"), "full server clock, or OPEN's upper layer")
"""Of schemes that have no knob of their own and say nothing of the server's clock."""

SPLIT_KNOB = Knob("split", None, "the split point")


def check_schedule(scenario: Scenario, schedules: tuple[Schedule, ...], scheme: str) -> None:
    """Refuses scenarios of another schedule than a scheme is made for.

    Raises:
        FieldError: If the scenario's is another.
    """
    if scenario.schedule not in schedules:
        allowed = " or ".join(map(repr, schedules)) + f", the schedule that {scheme} is made for"
        raise FieldError("scenario.schedule", scenario.schedule, allowed)
