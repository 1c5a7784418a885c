"""The results page in Markdown, from rows and runs on disk: nothing is trained or played here."""

from collections.abc import Sequence
from pathlib import Path

from agents.catalogue import label_of
from benchmarks.errors import BenchmarkError
from benchmarks.learned import fleets, training_speed
from benchmarks.learned.page import Page
from benchmarks.learned.plots import draw_curves, draw_decision_times, draw_gaps, save_picture
from benchmarks.learned.results import LearnedResults, load_environment
from benchmarks.learned.tables import environment_table, scores_and_means
from benchmarks.learned.transfer.protocol import page_protocols
from benchmarks.learned.transfer.tables import section as transfer_section
from benchmarks.reporting.formatting import at_most_three_digits
from benchmarks.reporting.plots import FIGURES
from benchmarks.reporting.statistics import CONFIDENCE, OVERSPENT, RESAMPLES
from benchmarks.reporting.tables import markdown

__all__ = ["COMMAND", "PICTURES", "write_page"]

COMMAND = "python -m benchmarks learned"
PICTURES = "results"
"""Folder of the pictures, beside the page."""

INTRODUCTION = f"""\
Written by `{COMMAND}`, which trains, plays and writes anew what is missing, and goes on where it
was interrupted; `{COMMAND} --page-only` writes this page from what is on disk. Every figure is
from the rows in `results/learned/` and the runs in `runs/`: none is typed, but for those of earlier
tries, which are told as such."""

COLUMNS = f"""\
Each agent was trained with several training seeds, and every policy played the same evaluation
traces, which no training has seen. The **priced gap** is what delay and energy cost together
beyond the hindsight frontier at the budget. A training seed's score is its mean over the traces;
the table shows the interquartile mean (IQM) of the scores, which of five leaves out the smallest
and the largest, with the {CONFIDENCE:.0%} percentile bootstrap interval over training seeds
({RESAMPLES:,} resamples; whole training seeds are drawn, within each agent and environment id,
since episodes of one seed are not independent) and, in a column of its own, the interval that
draws evaluation traces anew as well. A policy that was not trained has a mean over the traces and
only the latter. The **frontier gap** is the delay beyond the frontier at the energy really spent.
**E/Ē** is mean energy over budget, **over budget** the share of episodes with E/Ē above
{OVERSPENT:g}, and above 1. **Better than** is the probability of improvement: how often the priced
gap is the smaller one, over all pairs of training seed and trace, a tie counting ½. The
**difference** is the priced gap minus that of the best of OPEN and its variants on the same
traces, in percentage points; below zero the agent is better. The intervals of these two resample
training seeds and traces. Steps and training time are those of one training seed, medians over
the seeds; the time includes validation and depends on the machine and on what ran beside it, as
the **decision** time does, which is a round's, one observation at a time, median over seeds."""

ON_BATTERIES_COLUMNS = """\
The **gap** stands in the priced gap's place here: the mean delay beyond the hindsight bound, below
which no policy can lie on the same trace. **Waits** are a round's for the batteries of all
devices; the **final charge** is the share of their capacity that batteries hold at the end. Agents
are compared with the best of the rules whose constants were tuned on seeds of their own; *told the
law* is no competitor but a mark: it is told the laws of weather and channel."""

IMPERFECT = """\
The hindsight frontier knows what no controller is shown here, so that no policy can reach a gap
of zero; the question is who comes nearest."""

CEILING = """\
OPEN minimises each round's drift-plus-penalty exactly here, so that equality with OPEN is the
ceiling of what an agent can learn round by round; only the timing of the budget, that is spending
energy in rounds where it buys more, can take a policy beyond it. Off-policy agents (SAC, TD3, TQC)
are not here: of the view `box` they learn no good splits, which
`agents/hyperparameters/tqc.toml` tells the tries of."""

MEANS = "What it took to train them, what they did with energy, and how long a decision takes:"

ENVIRONMENT_NOTES = {
    "ASL-v0": CEILING,
    "ASLStaleCSI-v0": "The controller is shown the last round's rates while the new ones decide "
    f"the cost. {IMPERFECT} OPEN with a Kalman filter is no competitor but a mark: it is told the "
    "law of the channel (how far shadowing spreads and how fast it changes, how fading is "
    "distributed), which filtered OPEN and the agents have to find out from what they are shown.",
    "ASLParallel-v0": "All devices train at once and share the server, so that the search over "
    "splits is combinatorial. OPEN solves each round to a proven gap by branch and bound; whether "
    "a learned proposal buys time is what the last plot shows.",
    "ASLMismatch-v0": "The controller's device parameters are wrong by a factor for each device, "
    f"drawn at reset; realised delays and energies are observed. {IMPERFECT}",
    "ASLHarvest-v0": ON_BATTERIES_COLUMNS,
}
"""What a reader must know of an environment id."""


def write_page(page: Page, runs: Path, out: Path, path: Path) -> None:
    """Writes the page and its pictures.

    Args:
        page: What is on it.
        runs: Folder of all runs.
        out: Folder of the results.
        path: The Markdown file; pictures go to the folder ``results`` beside it.

    Raises:
        BenchmarkError: If there are no results yet.
    """
    loaded = [load_environment(page, environment, runs, out) for environment in page.environments]
    results = [each for each in loaded if each is not None]
    if not results:
        raise BenchmarkError(f"out = {str(out)!r} holds no results of the page yet")
    pictures = path.parent / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    parts = ["# Results of the learned agents", INTRODUCTION, COLUMNS]
    for each in results:
        each.table.to_csv(out / each.env_id / "learned.csv", index=False)
        parts += _section(each, out / each.env_id / FIGURES, pictures)
    parts += fleets.section(page, out, pictures, PICTURES)
    if page.has_transfer:
        parts += transfer_section(page_protocols(), page.num_training_seeds, out)
    parts += training_speed.section(out)
    parts += ["## Provenance", *_provenance(results)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _section(results: LearnedResults, printed: Path, pictures: Path) -> list[str]:
    env_id, configuration = results.env_id, results.manifest["configuration"]
    first = results.table.iloc[0]
    rounds, label = configuration["scenario"]["horizon"], results.comparison.label
    scores, means = map(markdown, scores_and_means(environment_table(results.table)))
    parts = [
        f"## {env_id}",
        f"{first['traces']} evaluation traces (seeds {_range(configuration['seeds'])}) of "
        f"{rounds} rounds; {_limit(results)}. "
        f"{ENVIRONMENT_NOTES.get(env_id, '')}".strip(),
        scores,
        MEANS,
        means,
        *_notes(results),
    ]
    plots = (
        (
            "gaps",
            draw_gaps,
            f"{label.capitalize()}: IQM and interval over training seeds, a dot a seed.",
        ),
        (
            "curves",
            draw_curves,
            "Learning curves on the validation traces: mean and range over training seeds; "
            f"{_beside_curves(results)} on the same traces.",
        ),
        (
            "times",
            draw_decision_times,
            f"Decision time against {label}; baselines above 100% are left out.",
        ),
    )
    for name, draw, caption in plots:
        file = save_picture(draw(results), printed / f"{env_id}-{name}", pictures)
        parts.append(f"![{caption}]({PICTURES}/{file})\n\n{caption}")
    return parts


def _limit(results: LearnedResults) -> str:
    """What limits energy."""
    if results.energy_budget is None:
        return "devices on batteries that the sun charges"
    return f"energy budget {at_most_three_digits(results.energy_budget)} J a round"


def _beside_curves(results: LearnedResults) -> str:
    beside = results.comparison.beside.label
    return f"the best tuned rule and {beside}" if results.comparison.tuned_rules else beside


def _range(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])


def _notes(results: LearnedResults) -> list[str]:
    """The shipped seeds, and what is missing."""
    notes = []
    if results.shipped:
        seeds = ", ".join(f"{label_of(name)} {seed}" for name, seed in results.shipped.items())
        told = results.comparison.label
        notes.append(f"The median training seed by {told}, the one that is shipped: {seeds}.")
    traces, played = (
        results.table["traces"].iloc[0],
        len(results.manifest["configuration"]["seeds"]),
    )
    if traces < played:
        notes.append(f"On {played - traces} of {played} traces no policy can keep the budget.")
    if results.left_out:
        notes.append(f"Not played to the end, so left out: {', '.join(results.left_out)}.")
    return notes


def _provenance(results: Sequence[LearnedResults]) -> list[str]:
    """Commands, commits and versions behind the rows, each once."""
    written = [each for one in results for each in one.manifest["written_by"]]
    lines = []
    for each in written:
        versions = ", ".join(f"{name} {number}" for name, number in each["versions"].items())
        line = f"- `{each['command']}` (commit {each['commit'] or 'unknown'}; {versions})"
        if line not in lines:
            lines.append(line)
    commits = sorted({run.description["commit"] for one in results for run in one.runs})
    trained = [f"The agents were trained at commit {', '.join(commits)}."] if commits else []
    return ["\n".join(lines), *trained]
