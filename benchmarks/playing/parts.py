"""A part of a run: some evaluation seeds of a policy, played by any process."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from asl_gym import EpisodeScore, Evaluator
from asl_gym.scoring.episodes import EpisodeSeries
from benchmarks.jobs.batches import batched
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.suite import Entry, user_entries
from benchmarks.playing.user_policies import PROTOCOL, load_user_policy, users_code

__all__ = [
    "BATCH",
    "Part",
    "PlayedPart",
    "blocks",
    "parts_together",
    "play_parts",
    "rounds_of_work",
]

BLOCK = 10
"""Evaluation seeds of a part."""

BATCH = 20_000.0
"""Work that is done at a time, which takes seconds: rounds, weighed by the number of devices."""

DEVICES = 200
"""Devices that make a round twice the work that one of few devices is."""


@dataclass(frozen=True)
class Part:
    """Some episodes of a policy.

    Attributes:
        configuration: What is played.
        entry: The policy.
        seeds: Evaluation seeds.
        is_first: Whether it is the first of this policy that is played; then it is also found out
            whether a user's policy remembers.
    """

    configuration: Configuration
    entry: Entry
    seeds: tuple[int, ...]
    is_first: bool

    def portable(self) -> Self:
        """The part for another process, which imports a user's policy itself."""
        is_users = self.entry.kind == "user"
        return replace(self, entry=replace(self.entry, policy=None)) if is_users else self


class PlayedPart(NamedTuple):
    """What came of a part.

    Attributes:
        scores: The scores, one a seed.
        series: The rounds of the configuration's first seed, if it is among the part's.
        remembers: Whether the policy decided otherwise when it played its first seed again.
    """

    scores: tuple[EpisodeScore, ...]
    series: EpisodeSeries | None
    remembers: bool


def blocks(seeds: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Seeds, as many at a time as a part has."""
    for first in range(0, len(seeds), BLOCK):
        yield tuple(seeds[first : first + BLOCK])


def rounds_of_work(rounds: int, num_devices: int) -> float:
    """How much work rounds are, in rounds of few devices."""
    return rounds * (1.0 + num_devices / DEVICES)


def parts_together(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts that are played at a time."""

    def work(part: Part) -> float:
        scenario = part.configuration.scenario
        return rounds_of_work(scenario.horizon * len(part.seeds), scenario.num_devices)

    return list(batched(parts, work, BATCH))


def play_parts(parts: Sequence[Part]) -> list[PlayedPart]:
    """Plays parts.

    Raises:
        BenchmarkError: If a user's policy fails.
    """
    return [_played(part) for part in parts]


def _played(part: Part) -> PlayedPart:
    evaluator = _evaluator_of(part.configuration)
    entry = part.entry
    if entry.policy is None and entry.spec is not None:
        (entry,) = user_entries([load_user_policy(entry.spec)], evaluator)
    if entry.kind == "user":
        with users_code(f"the policy {entry.name!r} failed", PROTOCOL):
            remembers = part.is_first and evaluator.remembers(entry.policy, part.seeds[0])
            return _episodes(part, entry, evaluator, remembers)
    try:
        return _episodes(part, entry, evaluator, False)
    except Exception as error:
        error.add_note(f"while the benchmark played the policy {entry.name!r}")
        raise


def _episodes(part: Part, entry: Entry, evaluator: Evaluator, remembers: bool) -> PlayedPart:
    scores, kept = [], None
    for score, series in evaluator.evaluate(entry.policy, part.seeds, entry.name):
        scores.append(score)
        if score.evaluation_seed == part.configuration.seeds[0]:
            kept = series
    return PlayedPart(tuple(scores), kept, remembers)


_kept: dict[str, Evaluator] = {}
"""The evaluation that this process used last, since its frontiers serve all policies."""


def _evaluator_of(configuration: Configuration) -> Evaluator:
    if "evaluator" in vars(configuration):
        return configuration.evaluator
    key = json.dumps(configuration.as_dict(), sort_keys=True)
    if key not in _kept:
        _kept.clear()
        _kept[key] = configuration.evaluator
    return _kept[key]
