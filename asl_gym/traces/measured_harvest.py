"""Harvests from a file: measured sun in the place of the weather's law.

A round harvests what was measured in it, scaled so that the mean over all whole days of the file is
the batteries' ``mean_harvest``·Ê. The law's other fields, ``sun_share``, ``floor_share``,
``cloud_factors`` and ``cloud_persistence``, have no part in it. Each device starts on a day of its
own, drawn from block 3 of :mod:`asl_gym.traces.luck`, so that no other stream changes.
"""

import os
import warnings
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import compiled
from asl_gym.model.batteries import Batteries
from asl_gym.traces.harvest_log import DAY, HarvestColumns, HarvestLog, read_harvest
from asl_gym.traces.log import counted
from asl_gym.traces.luck import HARVEST, uniforms
from asl_gym.traces.luck_filling import Lanes
from asl_gym.traces.philox import key_words
from asl_gym.validation.csv_rows import TextFileError

__all__ = ["MeasuredClimate", "MeasuredHarvest", "fill_measured"]

SHOWN_DAYS = 5
"""Days left out that a notice names."""


class MeasuredClimate(NamedTuple):
    """What batteries make of an episode's words on measured harvests.

    Attributes:
        factors: H/Ê of the rounds of all whole days, one after another, shape (D·day,).
        starts: Rounds among them from which an episode can be played, shape (S,).
        energies: Ê of each lane [J], shape (N,), or (B·N,) of so many rows.
    """

    factors: Array
    starts: Indices
    energies: Array


class _WholeDays(NamedTuple):
    """The days in each round of which something was measured: numbers, and shares (D, day)."""

    numbers: tuple[int, ...]
    shares: Array


class MeasuredHarvest:
    """Solar power or irradiance over time, which ``harvest=`` of the environments plays.

    A day has as many rounds as the batteries' ``rounds_per_day``, 96 of 900 s by default, and
    begins at dawn, with which episodes begin. A round's power is the mean of the values whose times
    lie in it. Days with a round without any are left out, with a warning unless they are the file's
    first or last; no episode goes across them. Each device of each episode plays days of its own,
    from a start that is uniform over those that are followed by days enough; two may share one.

    Policies see harvests as they come. The sky was not measured, so ``cloud_shown`` has to be
    ``False``. Two sources are equal if they hold the same.
    """

    def __init__(self, log: HarvestLog) -> None:
        self._log = log
        self._whole: dict[int, _WholeDays] = {}

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        *,
        time: str,
        power: str,
        time_format: str = "iso",
        dawn: str = "06:00",
    ) -> "MeasuredHarvest":
        """Reads a file of columns; those that are not named are ignored.

        Args:
            path: The file.
            time: Column of the time, which increases from row to row.
            power: Column of the power or irradiance, >= 0, in any unit that is proportional to
                power. An empty cell or '-' is no measurement.
            time_format: ``"iso"`` (ISO 8601), ``"s"`` or ``"ms"`` since an epoch's midnight, or a
                format of :meth:`datetime.datetime.strptime`. Times with a zone are taken in UTC.
            dawn: Time of day, by the clock of these times, at which the first round begins. The
                synthetic sun rises then.

        Raises:
            FieldError: If an argument is not allowed.
            TextFileError: If the file cannot be read or lacks a column, a cell is not as stated,
                a row is no later than the one before, or nothing above 0 was measured.
        """
        columns = HarvestColumns(time, time_format, power=power, dawn=dawn)
        return cls(read_harvest(Path(path), columns))

    @property
    def path(self) -> Path:
        """The file."""
        return self._log.path

    def __repr__(self) -> str:
        return f"MeasuredHarvest.from_csv({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MeasuredHarvest):
            return NotImplemented
        mine, others = self._log, other._log
        arrays = zip(mine[-3:], others[-3:], strict=True)
        same_days = (mine.dawn, mine.days) == (others.dawn, others.days)
        return same_days and all(np.array_equal(one, another) for one, another in arrays)

    def __hash__(self) -> int:
        return hash((self._log.dawn, self._log.days))

    def describe(self, rounds_per_day: int) -> str:
        """Returns what is played, for people."""
        whole = self._whole_days(rounds_per_day)
        return (
            f"{self.path.name}, {counted(len(whole.numbers), 'whole day')} from {self._log.dawn}, "
            f"rounds of {_seconds(rounds_per_day):g} s" + self._left_out(whole)
        )

    def day_factors(self, batteries: Batteries) -> Array:
        """H/Ê of each round of the whole days, shape (D, day)."""
        whole = self._whole_days(batteries.rounds_per_day)
        return np.asarray(batteries.mean_harvest * (whole.shares / whole.shares.mean()))

    def climate(
        self, batteries: Batteries, fastest_energies: Array, rounds: int, num_rows: int = 1
    ) -> MeasuredClimate:
        """What batteries in so many rows make of it.

        Args:
            batteries: The devices' batteries.
            fastest_energies: Ê as for :meth:`Batteries.capacities`.
            rounds: Rounds of an episode.
            num_rows: Rows B.

        Raises:
            TextFileError: If no day is whole, or not enough follow one another for an episode.
        """
        day, factors = batteries.rounds_per_day, self.day_factors(batteries)
        numbers, needed = self._whole_days(day).numbers, -(-rounds // day)
        last = needed - 1
        starts = [d for d in range(len(numbers) - last) if numbers[d + last] - numbers[d] == last]
        if not starts:
            reason = (
                f"{counted(_longest(numbers), 'whole day')} from {self._log.dawn} on follow one "
                f"another at most: expected at least {needed} for {rounds} rounds of "
                f"{_seconds(day):g} s"
            )
            raise TextFileError(self.path, reason)
        energies = np.tile(fastest_energies, num_rows)
        first_rounds = day * np.array(starts, dtype=np.int64)
        return MeasuredClimate(factors.ravel(), first_rounds, energies)

    def _whole_days(self, rounds_per_day: int) -> _WholeDays:
        if rounds_per_day not in self._whole:
            whole = self._whole[rounds_per_day] = self._found(rounds_per_day)
            if told := self._left_out(whole):
                warnings.warn(f"{self.path.name}{told}", stacklevel=2)
        return self._whole[rounds_per_day]

    def _found(self, rounds_per_day: int) -> _WholeDays:
        log, size = self._log, len(self._log.days)
        # Others cannot be whole; so memory grows with the rows alone.
        filled = np.bincount(log.day, minlength=size) >= rounds_per_day
        rows, days = filled[log.day], np.flatnonzero(filled)
        round_of_day = log.since_dawn_us[rows] * rounds_per_day // DAY
        place = np.searchsorted(days, log.day[rows]) * rounds_per_day + round_of_day
        shape = days.size, rounds_per_day
        counts = np.bincount(place, minlength=days.size * rounds_per_day).reshape(shape)
        sums = np.bincount(place, log.power[rows], counts.size).reshape(shape)
        whole = (counts > 0).all(axis=1)
        means = sums[whole] / counts[whole]
        if not means.any():
            what = "value above 0 in any" if whole.any() else "value in each"
            raise TextFileError(
                self.path,
                f"no day from {log.dawn} to the next has a measured {what} of its {rounds_per_day} "
                f"rounds of {_seconds(rounds_per_day):g} s: expected a whole day with sun "
                "(batteries.rounds_per_day is how many rounds a day has)",
            )
        numbers = tuple(log.days[day] for day in days[whole])
        # Of any size, their mean is far from what a float can't hold.
        return _WholeDays(numbers, means / means.max())

    def _left_out(self, whole: _WholeDays) -> str:
        """Which days between the first and the last are not whole, in words; else nothing."""
        first, last, kept = self._log.days[0], self._log.days[-1], set(whole.numbers)
        count = max(last - first - 1, 0) - sum(first < day < last for day in kept)
        if not count:
            return ""
        numbers = (str(d - first + 1) for d in range(first + 1, last) if d not in kept)
        named = ", ".join(islice(numbers, SHOWN_DAYS)) + ", …" * (count > SHOWN_DAYS)
        which = f"day {named}" if count == 1 else f"days {named}"
        return f": {which} of the file left out, with rounds in which nothing was measured"


def _seconds(rounds_per_day: int) -> float:
    return DAY / 1e6 / rounds_per_day


def _longest(numbers: tuple[int, ...]) -> int:
    """The greatest count of days that follow one another."""
    longest = run = 1
    for before, day in pairwise(numbers):
        run = run + 1 if day == before + 1 else 1
        longest = max(longest, run)
    return longest


@compiled
def fill_measured(lanes: Lanes, first_round: int, climate: MeasuredClimate, harvest: Array) -> None:
    """Fills some rounds of every row.

    Args:
        lanes: Those of one round of all rows.
        first_round: The first of the rounds, from 0.
        climate: Of all rows.
        harvest: What is harvested [J] to fill, round-major, shape (R·B·N,).
    """
    (key, device, _), size = lanes, climate.energies.size
    for i in range(size):
        low, high = key_words(key[i])
        drawn = uniforms(low, high, np.uint64(0), device[i], HARVEST)[0]
        place = climate.starts[int(drawn * climate.starts.size)] + first_round
        for r in range(harvest.size // size):
            harvest[r * size + i] = climate.energies[i] * climate.factors[place + r]
