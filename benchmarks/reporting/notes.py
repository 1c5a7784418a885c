"""What a reader must know of a table: marks, what is missing, and where the numbers come from."""

from collections.abc import Iterator

from benchmarks.playing.configuration import Configuration
from benchmarks.playing.suite import WARM_START, split_label
from benchmarks.reporting.results import Results
from benchmarks.reporting.statistics import BEST_FIXED, CONFIDENCE, OVERSPENT, gap_of
from benchmarks.reporting.tables import AT_MINIMUM_ENERGY, OVERSPENT_MARK

__all__ = ["notes_on", "provenance_of", "reading_notes"]

LOGS_TIP = (
    "Logs with long outages need a longer episode (--rounds) or a larger --budget-fraction, in "
    "another --out."
)
"""What helps where logs leave no policy a chance."""


def provenance_of(results: Results) -> str:
    """Rounds, seeds and budget, and the commands, commits and versions behind the rows."""
    seeds = results.manifest["configuration"]["seeds"]
    row = results.episodes.iloc[0]
    limit = "devices on batteries"
    if results.folder.scenario.batteries is None:
        limit = f"energy budget {row['energy_budget_j']:.4g} J a round"
    lines = [
        f"{len(seeds)} evaluation seeds ({seeds[0]}–{seeds[-1]}) of {row['rounds']} rounds; "
        f"{limit}. Written by:",
        "",
    ]
    for each in results.manifest["written_by"]:
        versions = ", ".join(f"{name} {number}" for name, number in each["versions"].items())
        commit = each["commit"] or "unknown"
        lines.append(f"- `{each['command']}` (commit {commit}; {versions})")
    return "\n".join(lines)


def notes_on(results: Results) -> list[str]:
    """The notes, most general first."""
    if results.folder.scenario.batteries is not None:
        return [
            *_reading_on_batteries(results),
            *_best_fixed(results),
            *_with_memory(results),
            *_agents(results),
            *_incomplete(results),
            *results.manifest["notes"],
        ]
    return [
        *reading_notes(results),
        *_overspending(results),
        *_best_fixed(results),
        *_without_frontier(results),
        *_with_memory(results),
        *_agents(results),
        *_incomplete(results),
        *results.manifest["notes"],
    ]


def _reading_on_batteries(results: Results) -> Iterator[str]:
    """How to read the columns of a table of devices on batteries."""
    yield (
        f"Means over evaluation seeds; in brackets {CONFIDENCE:.0%} bootstrap intervals. Delays "
        "are those of a round, with what devices wait for their batteries and, spread over the "
        "rounds, the charging at the end of what the episode drained. The gap is the delay beyond "
        "the hindsight bound, below which no policy can lie on the same trace; the decision time "
        "is a round's, the median of each episode."
    )
    if results.summary["episodes"].max() < 2:
        yield "One evaluation seed gives no intervals."


def reading_notes(results: Results) -> Iterator[str]:
    """How to read the columns and marks of a table."""
    yield (
        f"Means over evaluation seeds; in brackets {CONFIDENCE:.0%} bootstrap intervals. E/Ē is "
        "energy over budget. The priced gap is what delay and energy cost together beyond the "
        "hindsight frontier at the budget, the frontier gap the delay beyond the frontier at the "
        "energy really spent; the decision time is a round's, the median "
        "of each episode."
    )
    if results.summary["overspent"].any():
        yield f"{OVERSPENT_MARK} spends more than {OVERSPENT:g} of the energy budget."
    if results.folder.scenario.num_budgets > 1:
        yield (
            "There is a budget for each device and one for the server: E/Ē is the worst of them, "
            "here and in the plots, where the frontier is that of all budgets times E/Ē."
        )
    if results.summary["episodes"].max() < 2:
        yield "One evaluation seed gives no intervals."


def _overspending(results: Results) -> Iterator[str]:
    """Why OPEN spends more than the budget, with the figures."""
    scenario = results.folder.scenario
    lines = results.summary[results.summary["policy"] == "open"]
    if lines.empty or scenario.num_budgets > 1 or lines["energy_ratio"].iloc[0] <= 1.0:
        return
    line = lines.iloc[0]
    settled = WARM_START.name in set(results.summary["policy"])
    yield (
        f"OPEN spends {line['energy_ratio']:.3f} of the budget: its virtual queue starts at "
        f"{scenario.initial_queue_j:.3g} J and has to fill, and over an episode no more than the "
        f"queue's rise, here to {line['final_queue_j']:,.0f} J in {scenario.horizon} rounds, is "
        "spent beyond the budget."
        + (f" {WARM_START.label}: the same, but for a queue that starts full." if settled else "")
    )


def _best_fixed(results: Results) -> Iterator[str]:
    on_batteries = results.folder.scenario.batteries is not None
    for clock, (name, label, _) in BEST_FIXED.items():
        if on_batteries and clock != "max":
            continue
        rows = results.episodes[results.episodes["policy"] == name]
        if rows.empty:
            yield f"No line for the {label}: it needs every admissible split on a seed."
            continue
        counts = rows["split"].astype(int).value_counts(sort=True)
        seeds = ", ".join(
            f"{split_label(results.folder.scenario, split)} on {count}"
            for split, count in zip(counts.index.astype(int), counts, strict=True)
        )
        gap = gap_of(rows)
        unpriced = rows[gap].isna().sum()
        by = f"; on {unpriced} of them without one, by delay" if unpriced else ""
        told = gap.replace("_", " ")
        yield f"The {label}, is picked on each seed by {told}{by}: {seeds} of {len(rows)}."


def _without_frontier(results: Results) -> Iterator[str]:
    for _, line in results.summary.iterrows():
        if 0 < line["at_minimum_energy"] < line["episodes"]:
            yield (
                f"{line['label']}: {AT_MINIMUM_ENERGY} on {line['at_minimum_energy']} of "
                f"{line['episodes']} seeds, its frontier gap is the mean over the others."
            )
    infeasible = results.episodes["priced_gap"].isna()
    seeds = sorted(set(results.episodes.loc[infeasible, "evaluation_seed"]))
    if seeds:
        measured = bool(results.manifest["configuration"]["trace_files"])
        every = len(seeds) == results.episodes["evaluation_seed"].nunique()
        yield (
            f"On evaluation seeds {', '.join(map(str, seeds))} no policy can keep the budget; "
            + ("policies are ranked by delay." if every else "priced gaps are over the others.")
            + (f" {LOGS_TIP}" if measured else "")
        )


def _with_memory(results: Results) -> Iterator[str]:
    for name, seed in results.manifest["remembers"].items():
        yield (
            f"{results.policies[name]['label']} decides otherwise when it plays evaluation seed "
            f"{seed} again: it remembers earlier episodes, or draws at random without "
            "begin_episode(seed). Its rows depend on the order of play and on interruptions."
        )


def _agents(results: Results) -> Iterator[str]:
    kinds = [entry["kind"] for entry in results.manifest["policies"].values()]
    own = Configuration.build(results.manifest["configuration"]["env_id"]).scenario
    if "agent" in kinds and results.folder.scenario != own:
        yield "The agents were trained on the environment id's own scenario, not on this one."
    together: dict[str, list[str]] = {}
    for name, reason in results.manifest["left_out"].items():
        together.setdefault(reason, []).append(name)
    for reason, names in together.items():
        several = f"{', '.join(names)} policies are"
        policies = f"{names[0]} policy is" if len(names) == 1 else several
        yield f"The {policies} left out: {reason}."


def _incomplete(results: Results) -> Iterator[str]:
    played = results.episodes["policy"].value_counts()
    wanted = len(results.manifest["configuration"]["seeds"])
    for name, entry in results.manifest["policies"].items():
        if played.get(name, 0) < wanted:
            yield f"Incomplete: {entry['label']} has {played.get(name, 0)} of {wanted} seeds."
