"""Episodes as a job: a policy's scores on some evaluation seeds of a scenario.

A job is plain data, so that it can be named by its hash and played by any process: the policy is
built anew from its name where it is played.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from asl_gym import Evaluator, Scenario
from benchmarks.jobs.batches import batched
from benchmarks.jobs.store import Job
from benchmarks.playing.contenders import one_contender
from benchmarks.playing.manifest import code_of
from benchmarks.playing.parts import BATCH, rounds_of_work
from benchmarks.playing.suite import Entry
from benchmarks.playing.user_policies import PROTOCOL, users_code

__all__ = ["episodes_job", "jobs_together", "play_jobs"]

KEPT = 2
"""Evaluations that a process keeps, since their frontiers serve all policies."""


def episodes_job(evaluator: Evaluator, entry: Entry, seeds: Sequence[int]) -> Job:
    """The job of playing a policy.

    Args:
        evaluator: The evaluation, of synthetic traces.
        entry: The policy, one of :func:`benchmarks.playing.contenders.contenders`.
        seeds: The evaluation seeds.
    """
    policy = {
        "name": entry.name,
        "knob": entry.knob,
        "spec": entry.spec,
        "files": dict(entry.files),
        "code": code_of(entry),
    }
    return Job(
        {
            "env_id": evaluator.env_id,
            "scenario": evaluator.scenario.to_dict(),
            "policy": policy,
            "seeds": list(seeds),
        },
        entry.label,
    )


def jobs_together(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Short jobs put together; those on the same traces should follow one another."""

    def work(job: Job) -> float:
        scenario, seeds = job.made_by["scenario"], job.made_by["seeds"]
        num_devices = len(scenario["fleet"]["clock_hz"])
        return rounds_of_work(scenario["horizon"] * len(seeds), num_devices)

    return batched(jobs, work, BATCH)


def play_jobs(made_by: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Plays jobs.

    Args:
        made_by: What makes each, see :func:`episodes_job`.

    Returns:
        For each job the scores, a row a seed; ``None`` stands where there is no number.
    """
    return [list(_played(each)) for each in made_by]


def _played(made_by: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    scenario, policy = Scenario.from_dict(made_by["scenario"]), made_by["policy"]
    evaluator = _evaluator(made_by["env_id"], scenario)
    entry = one_contender(policy["spec"] or policy["name"], policy["knob"], evaluator)
    played = evaluator.evaluate(entry.policy, made_by["seeds"], entry.name)
    if entry.kind == "user":
        with users_code(f"the policy {entry.name!r} failed", PROTOCOL):
            scores = [score for score, _ in played]
    else:
        scores = [score for score, _ in played]
    for score in scores:
        yield {name: _plain(value) for name, value in score.as_row().items()}


@lru_cache(KEPT)
def _evaluator(env_id: str, scenario: Scenario) -> Evaluator:
    return Evaluator(env_id, scenario=scenario)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
