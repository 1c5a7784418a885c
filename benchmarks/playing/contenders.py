"""All policies that can be asked for by name: the benchmark's own, published schemes, a user's.

A published scheme has no energy budget but a knob, see :mod:`asl_gym.policies.schemes.catalogue`;
each value of it makes an entry of its own.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from asl_gym import CalibratedOPEN, Evaluator, FilteredOPEN, HorizonOPEN, KalmanOPEN
from asl_gym.policies.schemes.ablation import ABLATION, ablation_policy
from asl_gym.policies.schemes.catalogue import SCHEMES, Scheme
from benchmarks.errors import BenchmarkError
from benchmarks.playing.suite import WARM_START, Entry, build_suite, user_entries
from benchmarks.playing.user_policies import AGENT, MODEL, load_user_policy

__all__ = ["contender_names", "contenders", "one_contender"]

OPEN_VERSIONS = (
    WARM_START,
    Entry("horizon-open", "OPEN, V by the horizon", "OPEN", HorizonOPEN),
    Entry("filtered-open", "OPEN on filtered rates", "OPEN", FilteredOPEN),
    Entry("calibrated-open", "OPEN, calibrated online", "OPEN", CalibratedOPEN),
    Entry("kalman-open", "OPEN, told the channel's law (Kalman)", "baseline", KalmanOPEN),
)
"""Versions of OPEN, whatever the environment's id."""

ABLATIONS = tuple(
    Entry(
        f"{cut}-cut-{resource}-resource",
        f"{cut} cut, {resource} resource",
        "baseline",
        partial(ablation_policy, cut=cut, resource=resource),
    )
    for cut, resource in ABLATION
)
"""OPEN taken apart."""


def contender_names(evaluator: Evaluator) -> list[str]:
    """The names that :func:`contenders` knows in an evaluation."""
    suite = (entry.name for entry in build_suite(evaluator, agents=False).entries)
    schemes = (scheme.name for scheme in SCHEMES)
    if evaluator.scenario.batteries is not None:
        return list(suite)
    others = (entry.name for entry in (*OPEN_VERSIONS, *ABLATIONS))
    return list(dict.fromkeys([*suite, *others, *schemes]))


def contenders(name: str, evaluator: Evaluator) -> list[Entry]:
    """The policies of a name: one, or a scheme's at each value of its knob.

    Args:
        name: A policy's name, a shipped agent's, or a user's policy as ``--policy`` takes it.
        evaluator: The evaluation that will play it.

    Raises:
        BenchmarkError: If there is no such policy, it cannot be built, or it is made for another
            schedule.
    """
    scheme = next((each for each in SCHEMES if each.name == name), None)
    if scheme is not None:
        return _of_scheme(scheme, evaluator)
    known = next((each for each in (*OPEN_VERSIONS, *ABLATIONS) if each.name == name), None)
    if known is not None:
        return [known]
    if ":" in name or "=" in name or name.endswith((MODEL, AGENT)):
        return user_entries([load_user_policy(name)], evaluator)
    heuristics = build_suite(evaluator, agents=False).entries
    found = [entry for entry in heuristics if entry.name == name]
    return found or _agent(name, evaluator)


def one_contender(name: str, knob: Any, evaluator: Evaluator) -> Entry:
    """The policy of a name, at a value of its knob where it has one.

    Raises:
        BenchmarkError: As :func:`contenders`, or if the knob has no such value.
    """
    found = contenders(name, evaluator)
    for entry in found:
        if entry.knob == knob:
            return entry
    allowed = ", ".join(str(entry.knob) for entry in found)
    raise BenchmarkError(f"knob = {knob!r} of {name} is not allowed: expected one of {allowed}")


def _of_scheme(scheme: Scheme, evaluator: Evaluator) -> list[Entry]:
    schedule = evaluator.scenario.schedule
    if schedule not in scheme.schedules:
        made_for = " and ".join(scheme.schedules)
        raise BenchmarkError(
            f"policies = {scheme.name!r} is not allowed with schedule = {schedule!r}: the scheme "
            f"is made for the {made_for} schedule"
        )
    return [
        Entry(scheme.name, scheme.label, "scheme", partial(scheme.build, value=value), knob=value)
        for value in scheme.values_in(evaluator.scenario)
    ]


def _agent(name: str, evaluator: Evaluator) -> list[Entry]:
    suite = build_suite(evaluator)
    found: Sequence[Entry] = [entry for entry in suite.entries if entry.name == name]
    if found:
        return list(found)
    if name in suite.left_out:
        raise BenchmarkError(f"policies = {name!r} cannot take part: {suite.left_out[name]}")
    agents = [entry.name for entry in suite.entries if entry.kind == "agent"]
    allowed = ", ".join(
        [*contender_names(evaluator), *agents, "or a policy of yours, FILE.py:CLASS"]
    )
    raise BenchmarkError(f"policies = {name!r} is not allowed: expected some of {allowed}")
