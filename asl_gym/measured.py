"""Traces from files: measured rates in the place of the channel model.

Either logs of G-NetTrack, whose downlink SNR becomes rates by the scenario's radio, or one plain
table of rates. What files don't tell, the devices' clocks, is drawn by the fleet's law.
"""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asl_gym.components import Budget
from asl_gym.csv_rows import TraceFileError
from asl_gym.measured_rates import LogRates, TableRates
from asl_gym.reference import resolve_budget
from asl_gym.trace import Trace
from asl_gym.trace_files import is_gnettrack
from asl_gym.trace_sources import draw_clocks
from asl_gym.validation import FieldError, whole_number

if TYPE_CHECKING:
    from asl_gym.scenario import Scenario

__all__ = ["MeasuredTraces", "Paths", "trace_from_csv"]

REFERENCE_SEEDS = range(10_000, 10_020)
"""Seeds of the draws from files that a budget given as a fraction refers to there."""

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class MeasuredTraces:
    """A ``TraceSource`` that plays files, from a random start in each trace.

    **G-NetTrack logs.** Device n plays log n mod M of M logs. Devices that share a log play it
    from different starts, drawn without replacement, though their rounds may overlap; a notice
    says so at construction. The uplink's SNR is the downlink's plus 10·log₁₀(p_n/p_bs) dB; an
    outage gives the rate floor.

    **One rate table**, of the scenario's number of devices, which all have the same start. Rates
    below the floor, 0 among them, are raised to it; rates above the cap are measured and stay.

    The ``notes`` of a trace tell for each file how many outages were played; those of a batch
    tell it of all the batch's traces together.

    Args:
        scenario: Gives the devices and the radio.
        paths: A directory, which stands for its ``*.csv`` files in the order of their names; a
            sequence of files; or one file.
        seconds_per_round: Duration of a round [s], by which logs are sampled and held; ``None``
            makes each row of a log a round.

    Raises:
        TraceFileError: If a file cannot be read, files are of different formats, or there is
            more than one rate table or one of another number of devices.
        FieldError: If ``paths`` is empty or repeats a file, or ``seconds_per_round`` is not > 0
            or is given for a rate table.
    """

    def __init__(
        self, scenario: "Scenario", paths: Paths, seconds_per_round: float | None = None
    ) -> None:
        self.fleet, self.radio = scenario.fleet, scenario.radio
        files = _files(paths)
        self._source: LogRates | TableRates
        if _all_gnettrack(files):
            self._source = LogRates(files, scenario.fleet, scenario.device_radio, seconds_per_round)
        else:
            self._source = TableRates(
                files, scenario.fleet, scenario.device_radio, seconds_per_round
            )
        for notice in self._source.notices:
            warnings.warn(notice, stacklevel=2)

    @property
    def num_logs(self) -> int:
        """Number of files M."""
        return len(self.outage_rows)

    @property
    def outage_rows(self) -> dict[Path, int]:
        """Rows of each whole file that are an outage; of a rate table, those below the floor."""
        return self._source.outage_rows.copy()

    def describe(self) -> str:
        """Returns what is played, for people: a line a file below a heading."""
        return "\n".join(self._source.description())

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, see :class:`asl_gym.trace_sources.TraceSource`.

        Each generator gives its trace's starts first, then its device clocks. ``reuse`` is left
        alone.

        Raises:
            TraceFileError: If a file is too short for so many rounds.
        """
        rounds = whole_number("rounds", rounds, 1)
        uplink, downlink, notes = self._source.draw(generators, rounds)
        clock = draw_clocks(self.fleet, generators, rounds)
        return Trace(uplink, downlink, clock, notes=notes, check=False)

    def with_budget(self, scenario: "Scenario") -> "Scenario":
        """Returns the scenario with its budget's fraction resolved on these files.

        The budget becomes the mean, over draws by :data:`REFERENCE_SEEDS`, of what the fraction
        is in joules on each.

        Raises:
            FieldError: If the budget is given in joules, which refer to nothing else.
        """
        if scenario.budget.fraction is None:
            raise FieldError("budget.fraction", None, "a fraction, which refers to traces")
        batch = self.draw(
            [np.random.default_rng(seed) for seed in REFERENCE_SEEDS], scenario.horizon
        )
        resolved = [resolve_budget(scenario, batch[row]) for row in range(len(REFERENCE_SEEDS))]
        joules = tuple(float(value) for value in np.mean(resolved, axis=0))
        budget = Budget(scenario.budget.scope, joules=joules, refers_to="measured traces")
        return scenario.replace(budget=budget)


def trace_from_csv(
    paths: Paths,
    scenario: "Scenario",
    rng: np.random.Generator,
    rounds: int | None = None,
    seconds_per_round: float | None = None,
) -> Trace:
    """Draws one trace from files, see :class:`MeasuredTraces`.

    Args:
        paths: As for :class:`MeasuredTraces`.
        scenario: Likewise.
        rng: Draws starts and device clocks.
        rounds: Rounds T; the scenario's horizon by default.
        seconds_per_round: As for :class:`MeasuredTraces` [s].

    Returns:
        A trace of shape (T, N).

    Raises:
        TraceFileError: If a file cannot be read, does not fit the scenario or is too short.
        FieldError: If another argument is not allowed.
    """
    rounds = scenario.horizon if rounds is None else rounds
    return MeasuredTraces(scenario, paths, seconds_per_round).draw([rng], rounds)[0]


def _files(paths: Paths) -> tuple[Path, ...]:
    if isinstance(paths, str | os.PathLike):
        path = Path(paths)
        files = tuple(sorted(path.glob("*.csv"))) if path.is_dir() else (path,)
        if not files:
            raise TraceFileError(path, "the directory has no *.csv files: expected at least one")
        return files
    files = tuple(map(Path, paths)) if isinstance(paths, Iterable) else ()
    if not files or len(set(files)) < len(files):
        raise FieldError("paths", paths, "a directory, or one or more files, each once")
    return files


def _all_gnettrack(files: Sequence[Path]) -> bool:
    kinds = [is_gnettrack(path) for path in files]
    if len(set(kinds)) > 1:
        other = files[kinds.index(not kinds[0])]
        names = ("a G-NetTrack log", "a rate table")
        first, second = names if kinds[0] else names[::-1]
        raise TraceFileError(other, f"{second}, but {files[0]} is {first}: expected one format")
    return kinds[0]
