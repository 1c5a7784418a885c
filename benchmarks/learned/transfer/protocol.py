"""The protocols of the tables of transfer as data: TOML files beside this one."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from asl_gym.traces.columns import Columns
from asl_gym.validation.text_file import file_text
from benchmarks.errors import BenchmarkError
from benchmarks.playing.configuration import Configuration

__all__ = ["Case", "Protocol", "page_protocols", "read_protocol"]

PAGE = ("protocol", "batteries")
"""The protocols of the page in the repository, for devices with a budget and on batteries."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Logs(_Strict):
    """A folder of measured logs.

    Attributes:
        label: For people.
        columns: How the logs are read where their format is not known, as ``--columns`` takes it.
    """

    label: str
    columns: str | None = None


class CaseEntry(_Strict):
    """What differs from the environment id's own scenario.

    Attributes:
        label: For people.
        set: Changes of the scenario by path.
        fleet: Number of devices and seed of a fleet that no training has seen.
        logs: The logs that are played, a key of the protocol's ``logs``.
    """

    label: str
    set: dict[str, Any] = {}
    fleet: tuple[int, int] | None = None
    logs: str | None = None


class Table(_Strict):
    """A table of the page.

    Attributes:
        title: For people.
        env: The environment's id.
        case: Its columns.
    """

    title: str
    env: str
    case: Annotated[list[CaseEntry], Field(min_length=1)]


class Case(NamedTuple):
    """A case of a table.

    Attributes:
        table: The table.
        entry: What differs from the environment id's own scenario.
        place: Its place in the table, from 0.
    """

    table: Table
    entry: CaseEntry
    place: int

    @property
    def folder(self) -> str:
        """The name of its folder of results."""
        label = "-".join(self.entry.label.split())
        return f"{self.table.env}-{self.place:02d}-{label}"


class Protocol(_Strict):
    """What is played on what.

    Attributes:
        path: The file.
        evaluation_seeds: How many; they are 0, 1, ….
        rounds: Rounds of an episode.
        agents: Algorithms and the environment ids that they were trained on.
        logs: Folders of logs by name.
        table: The tables.
    """

    path: Path
    evaluation_seeds: Annotated[int, Field(ge=1)]
    rounds: Annotated[int, Field(ge=1)]
    agents: Annotated[list[tuple[str, str]], Field(min_length=1)]
    logs: dict[str, Logs] = {}
    table: Annotated[list[Table], Field(min_length=1)]

    def cases(self) -> Iterator[Case]:
        """All cases, table by table."""
        for table in self.table:
            for place, entry in enumerate(table.case):
                yield Case(table, entry, place)

    def configuration(self, case: Case, data: Path | None) -> Configuration | None:
        """What is played in a case; ``None`` where its logs are in no folder ``data``.

        Raises:
            BenchmarkError: If a folder of logs is missing there.
        """
        entry = case.entry
        if entry.logs is not None and data is None:
            return None
        built = Configuration.build(
            case.table.env,
            rounds=self.rounds,
            num_seeds=self.evaluation_seeds,
            settings=entry.set or None,
        )
        if entry.fleet is not None:
            devices, seed = entry.fleet
            scenario = built.scenario.with_num_devices(devices, seed=seed)
            built = replace(built, scenario=scenario)
        if entry.logs is None or data is None:
            return built
        columns = self.logs[entry.logs].columns
        return built.with_measured_logs(
            data / entry.logs, columns=None if columns is None else Columns.from_toml(columns)
        )


def page_protocols() -> tuple[Protocol, ...]:
    """The protocols of the page in the repository."""
    return tuple(read_protocol(Path(__file__).parent / f"{name}.toml") for name in PAGE)


def read_protocol(path: Path) -> Protocol:
    """Reads a protocol.

    Raises:
        BenchmarkError: If it is none; the message says what is wrong with which entry.
    """
    try:
        protocol = Protocol.model_validate({**tomllib.loads(file_text(path)), "path": path})
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BenchmarkError(f"{path.name} is no protocol of transfer: {error}") from error
    for case in protocol.cases():
        if case.entry.logs is not None and case.entry.logs not in protocol.logs:
            allowed = ", ".join(protocol.logs) or "none"
            raise BenchmarkError(
                f"{path.name}: logs = {case.entry.logs!r} of {case.entry.label!r}: expected one "
                f"of {allowed}"
            )
    return protocol
