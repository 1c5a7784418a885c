"""A log of one device: what was measured over time, and the windows that episodes play of it."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from asl_gym.arrays import Array
from asl_gym.validation.checks import POSITIVE, number, whole_number
from asl_gym.validation.csv_rows import TextFileError

__all__ = ["MeasuredLog", "MeasuredRow", "counted"]


class MeasuredRow(NamedTuple):
    """What a row of a log measured; NaN where it did not, or where it is not to be played.

    Attributes:
        downlink_snr_db: The downlink's SNR [dB]; -inf is an outage.
        uplink_bps: Measured uplink rate [bit/s], where the SNR is NaN.
        downlink_bps: Measured downlink rate [bit/s], likewise.
    """

    downlink_snr_db: float = math.nan
    uplink_bps: float = math.nan
    downlink_bps: float = math.nan


@dataclass(frozen=True, eq=False)
class MeasuredLog:
    """Rows over time. Where the clock steps back a new stretch begins, which no window leaves.

    Attributes:
        path: The file.
        seconds: Time since the first row [s], float64 (rows,), increasing, read-only. A stretch
            follows the one before after the log's median time between rows.
        stretch: Number of each row's stretch from 0, int64 (rows,), read-only.
        measured: Fields of :class:`MeasuredRow` in this order, float64 (3, rows), read-only.
        num_left_out: Rows that are left out, as they measured nothing of what is played.
        notices: What to say about the file.
    """

    path: Path
    seconds: Array
    stretch: npt.NDArray[np.int64]
    measured: Array
    num_left_out: int = 0
    notices: tuple[str, ...] = ()

    @property
    def downlink_snr_db(self) -> Array:
        """SNR [dB], float64 (rows,); -inf is an outage, NaN a row whose rates were measured."""
        snr_db: Array = self.measured[0]
        return snr_db

    @property
    def rates_bps(self) -> Array:
        """Measured uplink and downlink rates [bit/s], float64 (2, rows); NaN where the SNR is."""
        return self.measured[1:]

    @property
    def num_rows(self) -> int:
        """Rows kept, one per time that has any."""
        return int(self.seconds.size)

    @property
    def num_outage_rows(self) -> int:
        """Kept rows that are an outage."""
        return int(np.count_nonzero(np.isneginf(self.downlink_snr_db)))

    @property
    def num_throughput_rows(self) -> int:
        """Kept rows that have a measured rate in the place of an SNR."""
        return int(np.count_nonzero(np.isnan(self.downlink_snr_db)))

    @property
    def num_stretches(self) -> int:
        """Stretches between which the clock steps back."""
        return int(self.stretch[-1]) + 1

    def starts(self, rounds: int, seconds_per_round: float | None = None) -> npt.NDArray[np.int64]:
        """Rows from which ``window`` can start.

        Args:
            rounds: Length of the window, at least 1.
            seconds_per_round: As in ``window`` [s].

        Returns:
            The rows, in their order; none if every stretch is too short.

        Raises:
            ValueError: If an argument is outside its range.
        """
        return np.flatnonzero(self._fits(np.arange(self.num_rows), rounds, seconds_per_round))

    def _fits(
        self, rows: npt.NDArray[np.int64], rounds: int, seconds_per_round: float | None
    ) -> npt.NDArray[np.bool_]:
        """Whether a window from each of the rows ends within the row's stretch."""
        rounds = whole_number("rounds", rounds, 1)
        ends = self._ends[rows]
        if seconds_per_round is None:
            return rows + (rounds - 1) <= ends
        seconds_per_round = number("seconds_per_round", seconds_per_round, POSITIVE)
        last = _elapsed(rounds - 1, seconds_per_round)
        return self.seconds[rows] + last <= self.seconds[ends]

    def window(
        self, start: int, rounds: int, seconds_per_round: float | None = None
    ) -> npt.NDArray[np.int64]:
        """Rows of consecutive rounds, the first of which is row ``start``.

        With ``seconds_per_round`` None each kept row is one round, whatever time lies between
        them. With a number the log is sampled and held: round k shows the last row at or before
        seconds[start] + k * seconds_per_round, so rows in between are skipped and a gap in the
        log repeats the row before it.

        Args:
            start: First row, one of ``starts``.
            rounds: Number of rounds, at least 1.
            seconds_per_round: Duration of a round [s], finite and > 0, or None.

        Returns:
            The rows, a new int64 array (rounds,).

        Raises:
            ValueError: If an argument is outside its range.
            TextFileError: If the row's stretch ends before the last round starts.
        """
        start = whole_number("start", start, 0)
        fits = self._fits(np.arange(start, self.num_rows)[:1], rounds, seconds_per_round)
        if not fits.any():
            reason = f"a window of {rounds} rounds cannot start in row {start}: "
            raise TextFileError(self.path, reason + self.length(seconds_per_round))
        if seconds_per_round is None:
            return np.arange(start, start + rounds)
        elapsed = np.array([_elapsed(k, seconds_per_round) for k in range(rounds)])
        times = self.seconds[start] + elapsed
        rows: npt.NDArray[np.int64] = np.searchsorted(self.seconds, times, side="right") - 1
        return rows

    def length(self, seconds_per_round: float | None = None) -> str:
        """How many rounds a window may have at most, and why, in words."""
        longest = max(range(self.num_stretches), key=lambda k: self._rounds(k, seconds_per_round))
        rounds = self._rounds(longest, seconds_per_round)
        first, last = self.seconds[self.stretch == longest][[0, -1]]
        rows = int(np.count_nonzero(self.stretch == longest))
        text = f"{counted(rows, 'row')} over {last - first:g} s give {counted(rounds, 'round')}"
        several = self.num_stretches > 1
        return text + f" (in the longest of {self.num_stretches} stretches)" * several

    def _rounds(self, stretch: int, seconds_per_round: float | None) -> int:
        seconds = self.seconds[self.stretch == stretch]
        if seconds_per_round is None:
            return int(seconds.size)
        # As ``starts`` compares them: to the nanosecond, so that 29 s hold 101 rounds of 0.29 s.
        return int(round(seconds[-1] - seconds[0], 9) / seconds_per_round + 1e-9) + 1

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Last row of each row's stretch."""
        ends: npt.NDArray[np.int64] = np.searchsorted(self.stretch, self.stretch, side="right") - 1
        return ends

    def summary(self, floor_bps: float) -> str:
        """What was made of the rows, in words.

        Args:
            floor_bps: The rate floor, which lower rates are raised to [bit/s].
        """
        text = f"{self.num_outage_rows} of {self.num_rows} rows are outages"
        low = int(np.count_nonzero((self.rates_bps < floor_bps).any(axis=0)))
        if self.num_throughput_rows:
            text += f", {self.num_throughput_rows} play their measured throughput"
        if low:
            text += f" ({low} of them raised to the floor)"
        if self.num_left_out:
            text += f", {self.num_left_out} more measured nothing and are left out"
        if self.num_stretches > 1:
            text += f", the clock steps back {counted(self.num_stretches - 1, 'time')}"
        return text


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _elapsed(rounds: int, seconds_per_round: float) -> float:
    """Duration of so many rounds [s]; to the nanosecond, so that 100 times 0.29 s reach 29 s."""
    return round(int(rounds) * float(seconds_per_round), 9)
