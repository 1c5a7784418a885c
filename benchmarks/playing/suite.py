"""The policies of the benchmark: their names in the results, their labels and what they are.

Existing split-learning schemes, to which OPEN and the agents are compared (kind ``scheme``):

* one split point for all devices and rounds at the full server clock, which is vanilla split
  learning with a hand-picked cut layer;
* the same at the last layer, where devices train alone and only parameters move, as in federated
  learning;
* the best of these in hindsight, which the report finds seed by seed from their rows;
* the choice of split points for least delay with no eye on the energy ("greedy for delay").

Baselines are no schemes of the field but tell where a gain comes from: fixed splits at OPEN's
frequency (the upper layer without the lower), least energy, and chance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, Literal

from agents.catalogue import label_of
from asl_gym import (
    OPEN,
    CalibratedOPEN,
    Evaluator,
    FilteredOPEN,
    FixedSplit,
    GreedyDelay,
    GreedyEnergy,
    KalmanOPEN,
    RandomPolicy,
    Scenario,
    WarmStartOPEN,
)
from asl_gym.model.radio import Radio
from asl_gym.policies.base import Policy
from asl_gym.policies.harvest import catalogue
from asl_gym.scoring.fitting import build_policy, observation_view_of, view_of
from benchmarks.errors import BenchmarkError
from benchmarks.playing.user_policies import UserPolicy, users_code

__all__ = [
    "TOLD_MORE",
    "TOLD_THE_LAW",
    "TUNED_RULES",
    "WARM_START",
    "Entry",
    "Kind",
    "Suite",
    "build_suite",
    "misfit",
    "split_label",
    "user_entries",
]

Kind = Literal["OPEN", "agent", "user", "scheme", "baseline"]
Clock = Literal["max", "open"]

_Versions = dict[str, tuple[tuple[str, str, type[OPEN]], ...]]

OPEN_VARIANTS: _Versions = {
    "ASLStaleCSI-v0": (("filtered-open", "OPEN on filtered rates", FilteredOPEN),),
    "ASLMismatch-v0": (("calibrated-open", "OPEN, calibrated online", CalibratedOPEN),),
}
"""The best honest versions of OPEN where it is not shown the truth: name, label and class, by
environment id."""

TOLD_MORE: _Versions = {
    "ASLStaleCSI-v0": (("kalman-open", "OPEN, told the channel's law (Kalman)", KalmanOPEN),),
}
"""References that are told what the others have to find out, the law of a radio's shadowing."""

CLOCKS: tuple[Clock, ...] = ("max", "open")
CLOCK_LABELS = {"max": "full clock", "open": "OPEN's clock"}


@dataclass(frozen=True)
class Entry:
    """A policy of the benchmark.

    Attributes:
        name: Its name in the results.
        label: Its name for people.
        kind: What it is.
        policy: The policy, or what builds it from an environment.
        split: The split point of a fixed split.
        clock: The server frequency of a fixed split, ``"max"`` or ``"open"``.
        device_only: Whether a fixed split leaves the server nothing to compute.
        training_seed: The seed that it was trained with, if it was.
        agent: The agent's name, which several training seeds share.
        spec: How a user named it.
        files: SHA-256 of the files that define a user's policy or a trained one, by name.
        knob: The value of a published scheme's knob, where it has one.
    """

    name: str
    label: str
    kind: Kind
    policy: Any
    split: int | None = None
    clock: Clock | None = None
    device_only: bool = False
    training_seed: int | None = None
    agent: str | None = None
    spec: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    knob: Any = None

    def is_called(self, name: str) -> bool:
        """Whether a person's word for a policy, its name or label in any case, means this one."""
        return name.casefold() in (self.name.casefold(), self.label.casefold())

    def as_dict(self) -> dict[str, Any]:
        """All but the policy itself, as plain data."""
        return {name: value for name, value in vars(self).items() if name != "policy"}


WARM_START = Entry("warm-start-open", "OPEN, tuned initial queue", "OPEN", WarmStartOPEN)
"""OPEN with a queue of its own that starts where it settles, so that it keeps its budget."""


def _on_batteries(each: catalogue.HarvestEntry) -> Entry:
    """A policy that is made for batteries, as the benchmark plays it."""
    return Entry(each.name, each.label, "baseline", each.policy)


TOLD_THE_LAW = _on_batteries(catalogue.TOLD_THE_LAW)
"""The mark on batteries, which is told what the others have to find out."""

TUNED_RULES = (
    *("harvest-drift", "harvest-drift-by-device", "harvest-deficit"),
    *("ration", "constant-price"),
)
"""Rules on batteries whose constants were tuned on seeds of their own."""

GREEDY_DELAY = Entry("greedy-delay", "greedy for delay", "scheme", GreedyDelay)


@dataclass(frozen=True)
class Suite:
    """The policies of a run, and those that could not take part.

    Attributes:
        entries: The policies.
        left_out: Why an agent or the mark was left out, by its name.
    """

    entries: tuple[Entry, ...]
    left_out: dict[str, str]

    def keep(self, names: Sequence[str]) -> "Suite":
        """The suite of some of the policies, by name or label in any case, and of all users'.

        Raises:
            BenchmarkError: If a name is unknown, or is that of a policy that was left out.
        """
        why = {name.casefold(): reason for name, reason in self.left_out.items()}
        kept = {entry.name for entry in self.entries if entry.kind == "user"}
        for name in names:
            found = {entry.name for entry in self.entries if entry.is_called(name)}
            if not found and name.casefold() in why:
                raise BenchmarkError(f"only = {name!r} cannot take part: {why[name.casefold()]}")
            if not found:
                allowed = ", ".join(entry.name for entry in self.entries)
                raise BenchmarkError(f"only = {name!r} is not allowed: expected some of {allowed}")
            kept |= found
        return Suite(tuple(entry for entry in self.entries if entry.name in kept), {})


def build_suite(
    evaluator: Evaluator,
    user_policies: Sequence[UserPolicy] = (),
    agents: bool = True,
    only: Sequence[str] = (),
) -> Suite:
    """Puts the policies of a run together.

    Args:
        evaluator: The evaluation that will play them.
        user_policies: A user's own policies.
        agents: Whether shipped agents take part.
        only: Names or labels of the policies to keep beside the user's own; all if empty.

    Raises:
        BenchmarkError: If a name is taken or unknown, a user's policy cannot be built, or the
            agents cannot be imported.
    """
    left_out = _untold(evaluator)
    told = (entry for entry in _heuristics(evaluator) if entry.name not in left_out)
    entries = [*told, *user_entries(user_policies, evaluator)]
    heuristics_suffice = only and all(
        any(entry.is_called(name) for entry in entries) for name in only
    )
    if agents and not heuristics_suffice:
        shipped, misfits = _agents(evaluator)
        entries += shipped
        left_out |= misfits
    _check_names_differ(entries)
    suite = Suite(tuple(entries), left_out)
    return suite.keep(only) if only else suite


def _heuristics(evaluator: Evaluator) -> list[Entry]:
    scenario = evaluator.scenario
    if scenario.batteries is not None:
        made_for_them = map(_on_batteries, catalogue.harvest_policies_for(scenario))
        return [*made_for_them, *_fixed_splits(scenario, "max"), GREEDY_DELAY]
    has_law = isinstance(scenario.radio, Radio)
    versions: tuple[tuple[Kind, _Versions], ...] = (
        ("OPEN", OPEN_VARIANTS),
        ("baseline", TOLD_MORE if has_law else {}),
    )
    return [
        Entry("open", "OPEN", "OPEN", OPEN),
        *([WARM_START] if _can_start_warm(evaluator) else ()),
        *(
            Entry(name, label, kind, version)
            for kind, named in versions
            for name, label, version in named.get(evaluator.env_id, ())
        ),
        *(entry for clock in CLOCKS for entry in _fixed_splits(scenario, clock)),
        GREEDY_DELAY,
        Entry("greedy-energy", "greedy for energy", "baseline", GreedyEnergy),
        Entry("random", "random", "baseline", RandomPolicy),
    ]


def _untold(evaluator: Evaluator) -> dict[str, str]:
    """Why the mark cannot take part, by its name, where there is no law to tell."""
    if evaluator.env_kwargs.get("harvest") is None:
        return {}
    return {TOLD_THE_LAW.name: "measured harvests have no law that it could be told"}


def _can_start_warm(evaluator: Evaluator) -> bool:
    """Whether the queue at which OPEN settles is known: a single budget, for known channels."""
    scenario, synthetic = evaluator.scenario, evaluator.env_kwargs.get("traces") is None
    told_in_time = scenario.knowledge.csi_delay_rounds <= 1
    return synthetic and scenario.num_budgets == 1 and told_in_time


def split_label(scenario: Scenario, split: int) -> str:
    """A split point for people: its number, and the layer it comes after where all agree on it."""
    name = scenario.cut_name(split)
    return f"split {split}" if name == str(split) else f"split {split} ({name})"


def _fixed_splits(scenario: Scenario, clock: Clock) -> Iterator[Entry]:
    """The split points that all devices have; and, if networks differ, each one's last."""
    layers = {group.workload.profile.num_layers for group in scenario.groups}
    for split in scenario.split_points.common:
        device_only = layers == {split}
        label = f"split {split} (device only)" if device_only else split_label(scenario, split)
        yield Entry(
            name=f"fixed-{split}-{clock}",
            label=f"{label}, {CLOCK_LABELS[clock]}",
            kind="scheme" if clock == "max" else "baseline",
            policy=partial(FixedSplit, split=split, server_frequency=clock),
            split=split,
            clock=clock,
            device_only=device_only,
        )
    if len(layers) > 1 and clock == "max":
        last = tuple(
            scenario.workload_of(n).admissible_splits[-1] for n in range(scenario.num_devices)
        )
        policy = partial(FixedSplit, split=last)
        yield Entry("fixed-last-max", "every device's last split", "scheme", policy)


def user_entries(user_policies: Sequence[UserPolicy], evaluator: Evaluator) -> list[Entry]:
    """Builds a user's policies at once, so that a faulty one ends the run before it starts."""
    return [
        Entry(
            name=user.name,
            label=user.name,
            kind="user",
            policy=_built(user, evaluator),
            spec=user.spec,
            files=user.files,
        )
        for user in user_policies
    ]


def _built(user: UserPolicy, evaluator: Evaluator) -> Policy:
    expected = "a class or function that is called with the environment and gives a policy"
    with users_code(f"--policy {user.spec!r} cannot be built", expected):
        policy = build_policy(user.factory, evaluator.make_env())
        view_of(policy, evaluator.scenario)
        observation_view_of(policy, evaluator.scenario)
    return policy


def _agents(evaluator: Evaluator) -> tuple[list[Entry], dict[str, str]]:
    try:
        pretrained = import_module("agents.pretrained")
    except ImportError as error:
        raise BenchmarkError(
            f"the shipped agents cannot be imported ({error}): install them with "
            "pip install -e '.[benchmarks]' and run from the repository, or pass --no-agents"
        ) from error
    entries, left_out = [], {}
    for name in pretrained.shipped_names(evaluator.env_id):
        policy = pretrained.load(name, evaluator.env_id)
        reason = misfit(policy, evaluator)
        if reason:
            left_out[name] = reason
            continue
        seed = pretrained.training_seed(name, evaluator.env_id)
        files = pretrained.files_of(name, evaluator.env_id)
        label = label_of(name)
        entries.append(
            Entry(name, label, "agent", policy, training_seed=seed, agent=name, files=files)
        )
    return entries, left_out


def misfit(policy: Any, evaluator: Evaluator) -> str:
    """Why a trained policy cannot act in the environment; empty if it can."""
    try:
        built = build_policy(policy, evaluator.make_env())
        view_of(built, evaluator.scenario)
        observation_view_of(built, evaluator.scenario)
    except ValueError as error:
        return str(error)
    return ""


def _check_names_differ(entries: Sequence[Entry]) -> None:
    """Names are compared without case, since some file systems do."""
    taken: dict[str, Entry] = {}
    for entry in entries:
        other = taken.setdefault(entry.name.casefold(), entry)
        if other is not entry:
            raise BenchmarkError(
                f"two policies are named {entry.name!r} but for case ({other.label} and "
                f"{entry.label}): give one another name, --policy NAME=…"
            )
