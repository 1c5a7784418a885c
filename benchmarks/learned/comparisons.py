"""What agents are compared by: with a budget the priced gap, on batteries the gap to the bound."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from asl_gym import OPEN, Scenario
from benchmarks.playing.suite import TOLD_THE_LAW, TUNED_RULES, Entry
from benchmarks.reporting.statistics import gap_label, gap_of

__all__ = [
    "COMPARISONS",
    "ON_BATTERIES",
    "WITH_BUDGET",
    "Comparison",
    "comparison_for",
    "comparison_of",
]


@dataclass(frozen=True)
class Comparison:
    """How agents are compared on an environment id.

    Attributes:
        gap: Column of the gap that policies are ranked by.
        beside: What is shown beside the agents wherever they are played.
        tuned_rules: Names of the rules that are to be beaten; OPEN and its variants where empty.
    """

    gap: str
    beside: Entry
    tuned_rules: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The gap for people."""
        return gap_label(self.gap)

    def references(self, kinds: Mapping[str, str]) -> list[str]:
        """What the best baseline is chosen from, OPEN first.

        Args:
            kinds: Kinds of the policies that are played, by name.
        """
        if self.tuned_rules:
            return [name for name in self.tuned_rules if name in kinds]
        variants = (name for name, kind in kinds.items() if kind == "OPEN")
        return sorted(variants, key=lambda name: (name != self.beside.name, name))

    def shown(self, kinds: Mapping[str, str]) -> list[str]:
        """The references, and what is shown beside the agents, each once."""
        return list(dict.fromkeys([self.beside.name, *self.references(kinds)]))


WITH_BUDGET = Comparison("priced_gap", Entry("open", "OPEN", "OPEN", OPEN))
ON_BATTERIES = Comparison("gap", TOLD_THE_LAW, TUNED_RULES)
COMPARISONS = (WITH_BUDGET, ON_BATTERIES)


def comparison_for(scenario: Scenario) -> Comparison:
    """How agents are compared on what is played in a scenario."""
    return WITH_BUDGET if scenario.batteries is None else ON_BATTERIES


def comparison_of(rows: pd.DataFrame) -> Comparison:
    """How agents are compared that rows are of, or a table of ``statistics.compare``."""
    return next(each for each in COMPARISONS if each.gap == gap_of(rows))
