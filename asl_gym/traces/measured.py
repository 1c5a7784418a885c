"""Traces from files: measured rates in the place of the channel model.

Either logs of G-NetTrack, whose downlink SNR becomes rates by the scenario's radio, or one plain
table of rates. What files don't tell, the devices' clocks, is drawn by the fleet's law.
"""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from asl_gym.model.system import System
from asl_gym.traces.csv_rows import TraceFileError
from asl_gym.traces.files import is_gnettrack
from asl_gym.traces.measured_rates import LogRates, TableRates
from asl_gym.traces.synthetic import draw_clocks
from asl_gym.traces.trace import Trace
from asl_gym.validation import FieldError, whole_number

__all__ = ["MeasuredTraces", "Paths"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class MeasuredTraces:
    """A ``TraceSource`` that plays files, from a random start in each trace.

    **G-NetTrack logs.** Device n plays log n mod M of M logs. Devices that share a log play it
    from different starts, drawn without replacement, though their rounds may overlap; a notice
    says so at construction. The uplink's SNR is the downlink's plus 10·log₁₀(p_n/p_bs) dB; an
    outage gives the rate floor.

    **One rate table**, of the scenario's number of devices, which all have the same start. Rates
    below the floor, 0 among them, are raised to it; rates above the cap are measured and stay.

    Args:
        system: Gives the devices and the radio; a scenario is one.
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
        self, system: System, paths: Paths, seconds_per_round: float | None = None
    ) -> None:
        self.fleet, self.radio = system.fleet, system.radio
        files = _files(paths)
        kind = LogRates if _all_gnettrack(files) else TableRates
        self._source = kind(files, system.fleet, system.device_radio, seconds_per_round)
        for notice in self._source.notices:
            warnings.warn(notice, stacklevel=2)

    def describe(self) -> str:
        """Returns what is played, for people: a line a file below a heading."""
        return "\n".join(self._source.description())

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, see :class:`asl_gym.traces.synthetic.TraceSource`.

        Each generator gives its trace's starts first, then its device clocks. ``reuse`` is left
        alone.

        Raises:
            TraceFileError: If a file is too short for so many rounds.
        """
        rounds = whole_number("rounds", rounds, 1)
        uplink, downlink = self._source.draw(generators, rounds)
        clock = draw_clocks(self.fleet, generators, rounds)
        return Trace(uplink, downlink, clock, check=False)


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
