"""All published schemes by name: how each is built, what is swept, where it is from."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from asl_gym.model.components import Schedule
from asl_gym.policies.base import Policy
from asl_gym.policies.baselines import FixedSplit, GreedyDelay
from asl_gym.policies.knobs import BOTH, Knob
from asl_gym.policies.schemes.ares import ARES
from asl_gym.policies.schemes.bandit import MuLinUCB
from asl_gym.policies.schemes.card import CARDStyle
from asl_gym.policies.schemes.common_cut import CommonCut
from asl_gym.policies.schemes.esfl import ESFLStyle
from asl_gym.policies.schemes.neurosurgeon import LeastDeviceEnergy
from asl_gym.policies.schemes.rate_thresholds import RateThresholds
from asl_gym.policies.schemes.skip_or_split import SkipOrSplit
from asl_gym.policies.schemes.static_cut import StaticCut
from asl_gym.scenario.scenario import Scenario

__all__ = ["SCHEMES", "Grade", "Scheme", "schemes_for"]

Grade = Literal["A", "B", "C", "B/C", "own"]
"""How well a scheme's rule is known, see :mod:`asl_gym.policies.schemes`; ``"own"`` has none."""


class Scheme(NamedTuple):
    """A scheme.

    Attributes:
        name: For results.
        label: For people.
        policy: Builds it from an environment and its knob as a keyword argument.
        knob: What is swept; ``None`` where there is nothing.
        schedules: The schedules that it fits.
        source: Where it is from.
        grade: How well its rule is known.
    """

    name: str
    label: str
    policy: Callable[..., Policy]
    knob: Knob | None
    schedules: tuple[Schedule, ...]
    source: str
    grade: Grade

    def values_in(self, scenario: Scenario) -> tuple[Any, ...]:
        """The knob's values to sweep in a scenario; ``(None,)`` where there is no knob."""
        return (None,) if self.knob is None else self.knob.values_in(scenario)

    def build(self, env: Any, value: Any = None) -> Policy:
        """The policy at a value of its knob; ``None`` is its default, where it has one."""
        arguments = {} if self.knob is None or value is None else {self.knob.name: value}
        return self.policy(env, **arguments)


def _scheme(name: str, label: str, policy: Any, source: str, grade: Grade) -> Scheme:
    """A scheme whose class says what is swept and which schedules it fits."""
    return Scheme(name, label, policy, policy.KNOB, policy.SCHEDULES, source, grade)


NEUROSURGEON = "Neurosurgeon, ASPLOS 2017"
LEAST_DELAY = f"{NEUROSURGEON}; DADS-DSL, INFOCOM 2019; arXiv 2507.01041"
ANS = "Autodidactic Neurosurgeon, WWW 2021, arXiv 2102.02638"

OWN = "this project"

SCHEMES = (
    _scheme("fixed-split", "fixed common cut", FixedSplit, "SplitFed, arXiv 2004.12088", "A"),
    Scheme("least-delay", "least delay", GreedyDelay, None, ("sequential",), LEAST_DELAY, "B"),
    _scheme("least-device-energy", "least device energy", LeastDeviceEnergy, NEUROSURGEON, "B"),
    _scheme("ares", "ARES", ARES, "ARES, Computer Networks 2022", "A"),
    _scheme("rate-thresholds", "rate thresholds", RateThresholds, "arXiv 2406.15804", "A"),
    _scheme("mu-lin-ucb", "μLinUCB", MuLinUCB, ANS, "A"),
    _scheme("card-style", "in the manner of CARD", CARDStyle, "arXiv 2412.00090", "B"),
    _scheme("esfl-style", "in the manner of ESFL", ESFLStyle, "arXiv 2402.15903", "B/C"),
    _scheme("common-cut", "in the manner of CPSL's cut", CommonCut, "arXiv 2204.08119", "C"),
    _scheme("static-cut-mean", "static cuts, mean channels", StaticCut, OWN, "own"),
    Scheme(
        "static-cut-sampled",
        "static cuts, sampled channels",
        partial(StaticCut, channels="reference"),
        StaticCut.KNOB,
        BOTH,
        OWN,
        "own",
    ),
    _scheme("skip-or-split", "in the manner of HSFL", SkipOrSplit, "HSFL's idea", "B"),
)
"""Every scheme, in the order of the literature's table."""


def schemes_for(schedule: Schedule) -> tuple[Scheme, ...]:
    """The schemes that fit a schedule."""
    return tuple(each for each in SCHEMES if schedule in each.schedules)
