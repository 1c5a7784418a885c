"""A study as data: a TOML file that names a base, one or two axes, policies, seeds and rounds.

    title = "Delay and energy over the knob v"
    scenario = "default"            # a preset or a JSON file; the environment id's own if left out
    policies = ["open", "card-style", "mine=path/to/file.py:Mine"]
    seeds = 20
    rounds = 200                    # the scenario's if left out

    [set]                           # changes of the base, as --set takes them
    "server.clock_max_hz" = 3e9

    [[axis]]                        # one or two
    set = "v"                       # a field's path
    values = [1, 2, 5, 10, 20]
    label = "knob v"
    scale = "log"                   # "linear", "log" or "names"

An axis may set several fields at once: its values are then tables of paths, and ``labels`` name
them. Names of files are those seen from where the command runs.
"""

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from asl_gym.scenario.overlays import nested
from asl_gym.scoring.episodes import EpisodeScore
from asl_gym.validation.text_file import TextFileError, file_text
from benchmarks.errors import BenchmarkError

__all__ = ["Axis", "Scale", "Study", "read_study", "shipped_studies"]

Scale = Literal["linear", "log", "names"]

ROW_NAMES = ("env_id", "policy", "label", "kind", "knob")
"""Columns of the rows that tell what was played at a point."""

SCORE_NAMES = tuple(each.name for each in dataclasses.fields(EpisodeScore))
"""Columns of the rows that tell how it went."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Axis(_Strict):
    """What is swept.

    Attributes:
        set: The path of the field; ``None`` where the values are tables of paths.
        values: Its values, or tables of several fields' values by their paths.
        labels: The values for people; by default the values themselves.
        label: The axis for people; by default the path.
        scale: How it is drawn; ``"names"`` by default where there is a value that is no number.
    """

    set: str | None = None
    values: Annotated[list[Any], Field(min_length=1)]
    labels: list[str] | None = None
    label: str | None = None
    scale: Scale | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.labels is not None and len(self.labels) != len(self.values):
            raise ValueError(f"{len(self.labels)} labels of {len(self.values)} values")
        if self.set is None and not all(isinstance(value, dict) for value in self.values):
            raise ValueError("set, the path of a field, is missing; or values are tables of paths")
        if self.set is None and self.labels is None:
            raise ValueError("labels are missing, which name tables of paths")
        cells = [self.cell(place) for place in range(len(self.values))]
        if twice := [cell for cell in cells if cells.count(cell) > 1]:
            raise ValueError(f"{twice[0]!r} is there twice, so that its rows would be one point's")
        numeric = self.labels is None and all(map(_is_number, self.values))
        if self.scale in ("linear", "log") and not numeric:
            raise ValueError(f"scale = {self.scale!r} is for numbers without labels")
        if self.scale == "log" and min(self.values) <= 0:
            raise ValueError("scale = 'log' is for numbers above 0")
        return self

    @property
    def name(self) -> str:
        """Its name in the rows: the path, or the label."""
        return self.set or self.label or "axis"

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.label or self.name

    @property
    def drawn(self) -> Scale:
        """How it is drawn."""
        numeric = self.labels is None and all(map(_is_number, self.values))
        return self.scale or ("linear" if numeric else "names")

    def settings(self, place: int) -> dict[str, Any]:
        """What the value at a place sets."""
        value = self.values[place]
        return dict(value) if self.set is None else {self.set: value}

    def cell(self, place: int) -> Any:
        """The value at a place as it stands in rows: a number or a text."""
        if self.labels is not None:
            return self.labels[place]
        value = self.values[place]
        return value if _is_number(value) else str(value)


class Study(_Strict):
    """A study.

    Attributes:
        title: For people.
        axis: One axis or two.
        policies: Names of policies, see :mod:`benchmarks.playing.contenders`.
        env: The environment's id; by default the one of the scenario's schedule.
        scenario: A preset or a JSON file; the environment id's own by default.
        set: Changes of the base by path.
        seeds: Number of evaluation seeds, which are 0, 1, ….
        rounds: Rounds of an episode; the scenario's by default.
    """

    title: str
    axis: Annotated[list[Axis], Field(min_length=1, max_length=2)]
    policies: Annotated[list[str], Field(min_length=1)]
    env: str | None = None
    scenario: str | None = None
    set: dict[str, Any] = {}
    seeds: Annotated[int, Field(ge=1)] = 20
    rounds: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len({axis.name for axis in self.axis}) < len(self.axis):
            raise ValueError("two axes of one name")
        if taken := sorted({axis.name for axis in self.axis} & {*ROW_NAMES, *SCORE_NAMES}):
            raise ValueError(f"an axis named {taken[0]!r}, as a column of all rows is")
        if self.rounds is not None and "horizon" in {*self.set, *self._swept()}:
            raise ValueError("rounds are given, and horizon is set too, which is the same")
        if len(set(self.policies)) < len(self.policies):
            raise ValueError("a policy is named twice")
        nested(self.set)
        return self

    def _swept(self) -> Iterator[str]:
        """Paths that axes set."""
        for axis in self.axis:
            for place in range(len(axis.values)):
                yield from axis.settings(place)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shipped_studies() -> dict[str, Path]:
    """Files of the studies that come with the benchmark, by name."""
    folder = Path(str(resources.files("benchmarks.studies.sweeps"))) / "shipped"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_study(given: str) -> tuple[str, Study]:
    """Reads a study.

    Args:
        given: A TOML file, or the name of a shipped study.

    Returns:
        Its name, and the study.

    Raises:
        BenchmarkError: If there is none, or it is not as it should be; the message names the file,
            the place and what is wrong.
    """
    path = shipped_studies().get(given, Path(given))
    if path.suffix != ".toml" or not path.is_file():
        known = ", ".join(shipped_studies())
        raise BenchmarkError(
            f"study = {given!r} is not allowed: expected an existing TOML file, all or "
            f"one of {known}"
        )
    try:
        data = tomllib.loads(file_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TextFileError(path, f"the file is not valid TOML: {error}") from error
    return path.stem, _checked(path, data)


def _checked(path: Path, data: Mapping[str, Any]) -> Study:
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        shown = "" if first["type"] in ("missing", "value_error") else f" = {first['input']!r}"
        raise BenchmarkError(f"{path}: {place}{shown}: {first['msg']}") from error
