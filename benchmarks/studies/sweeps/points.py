"""The points of a study: each one's cells in the rows and the evaluation that plays it."""

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium as gym

from asl_gym import Evaluator, Scenario, load_scenario, with_settings
from asl_gym.registration import ENVIRONMENTS
from asl_gym.validation.checks import FieldError, one_of
from benchmarks.errors import BenchmarkError
from benchmarks.studies.sweeps.definition import Study

__all__ = ["Point", "points_of"]

ENV_OF_SCHEDULE = {"sequential": "ASL-v0", "parallel": "ASLParallel-v0"}


class Point(NamedTuple):
    """A point of a study.

    Attributes:
        cells: The axes' values as they stand in rows, by the axes' names.
        evaluator: The evaluation that plays the policies there.
    """

    cells: dict[str, Any]
    evaluator: Evaluator


def points_of(study: Study, settings: Mapping[str, Any]) -> list[Point]:
    """The points, all values of the axes with one another.

    Args:
        study: The study.
        settings: Changes of the base by path, which come after the study's own.

    Raises:
        BenchmarkError: If a change is of what an axis sets, or a point is no scenario; the message
            names the point.
        FieldError: If the base is none.
    """
    base = _base(study)
    own = {**study.set, **settings}
    if study.rounds is not None:
        own.setdefault("horizon", study.rounds)
    places = itertools.product(*(range(len(axis.values)) for axis in study.axis))
    return [_point(study, base, own, place) for place in places]


def _base(study: Study) -> Scenario:
    named = study.scenario
    if study.env is not None:
        one_of("env", study.env, tuple(ENVIRONMENTS))
        spec = gym.spec(study.env)
        named = named or spec.kwargs.get("scenario")
    return load_scenario(named or "default")


def _point(
    study: Study, base: Scenario, settings: Mapping[str, Any], places: tuple[int, ...]
) -> Point:
    swept: dict[str, Any] = {}
    for axis, place in zip(study.axis, places, strict=True):
        swept |= axis.settings(place)
    for path in sorted(swept.keys() & settings.keys() - {"horizon"}):
        raise BenchmarkError(f"set = {path!r} is not allowed: an axis of the study sets it")
    cells = {axis.name: axis.cell(place) for axis, place in zip(study.axis, places, strict=True)}
    try:
        scenario = with_settings(base, {**settings, **swept})
        if scenario.budget is None:
            # Their rows and pictures are of delay and energy against a budget.
            raise FieldError("scenario.budget", None, "a budget, which studies are made for")
        env_id = study.env or ENV_OF_SCHEDULE[scenario.schedule]
        return Point(cells, Evaluator(env_id, scenario=scenario))
    except ValueError as error:
        where = ", ".join(f"{name} = {cell}" for name, cell in cells.items())
        raise BenchmarkError(f"at the study's point {where}: {error}") from error
