"""The README's tables and pictures, written from results that are on disk.

Each table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; what is between is
replaced. So no figure in the README is anybody's typing.
"""

import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import gymnasium as gym
import pandas as pd
from matplotlib.image import imsave

from asl_gym import OPEN
from asl_gym.advice import advise
from benchmarks.errors import BenchmarkError
from benchmarks.learned.page import PAGE
from benchmarks.learned.report import environment_table
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import TOLD_MORE
from benchmarks.reporting.formatting import at_most_three_digits, signed_percent
from benchmarks.reporting.results import load_results
from benchmarks.reporting.tables import changes_table, markdown, ranking_table, shortlist
from benchmarks.studies.accuracy.picture import policies_shown

__all__ = ["DEFAULT_RUN", "MEASURED_RUN", "SPEED", "write_readme"]

DEFAULT_RUN = "ASL-v0-default"
MEASURED_RUN = "ASL-v0-default-measured"
SPEED = "speed/speed.md"
NUM_IN_CHANGES = 2
"""Policies in the README's table of changes: OPEN and the best agent."""

ACCURACY, PRIVACY = "accuracy", "privacy"
TARGET = 0.95
"""Share of the final accuracy that the README's table of training is about."""

LEARNED = "learned"
CERTIFICATE = "certificate"
CALIBRATION = "calibration"
LEARNED_COLUMNS = [
    *("Policy", "Learns from", "Training [min]", "Priced gap [%]", "E/Ē"),
    *("Better than OPEN [%]", "Decision [µs]"),
]

PICTURES = {
    "delay-energy.png": f"{DEFAULT_RUN}/figures/delay_energy-page.png",
    "split-points.png": f"{DEFAULT_RUN}/figures/split_points-page.png",
    "running-averages.png": f"{DEFAULT_RUN}/figures/running_averages-page.png",
    "scaling.png": "scaling/scaling.png",
    "certificate-fleets.png": f"{CERTIFICATE}/fleets.png",
    "accuracy.png": f"{ACCURACY}/accuracy-sequential-page.png",
    "reconstructions.png": f"{PRIVACY}/reconstructions.png",
}
"""Pictures of the README by the files that commands write."""

RENDERED_ROUND = 60


def _ranking(run: str) -> Callable[[Path], str]:
    def table(results: Path) -> str:
        loaded = load_results(RunFolder(results / run))
        shown: pd.DataFrame = ranking_table(shortlist(loaded.summary, loaded.policies))
        return markdown(shown.drop(columns=["#"]))

    return table


def _changes(results: Path) -> str:
    loaded = load_results(RunFolder(results / DEFAULT_RUN))
    best = list(dict.fromkeys(loaded.changes["policy"]))[:NUM_IN_CHANGES]
    return markdown(changes_table(loaded.changes[loaded.changes["policy"].isin(best)]))


def _fadings(results: Path) -> str:
    lines = (results / "fadings" / "fadings.md").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def _learned(results: Path) -> str:
    """Agents and OPEN on every environment id of the learned agents' page."""
    tables = []
    for environment in PAGE.environments:
        table = pd.read_csv(results / LEARNED / environment.env_id / "learned.csv")
        told_more = {name for name, _, _ in TOLD_MORE.get(environment.env_id, ())}
        table = table[table["kind"].isin(("OPEN", "agent")) | table["agent"].isin(told_more)]
        shown = environment_table(table)[LEARNED_COLUMNS]
        shown.insert(0, "Environment", environment.env_id)
        tables.append(shown)
    return markdown(pd.concat(tables))


def _certificate(results: Path) -> str:
    """The tables of the parallel solver's certificate, one below the other."""
    text = (results / CERTIFICATE / "certificate.md").read_text(encoding="utf-8")
    return text.replace("## ", "#### ").strip()


def _calibration(results: Path) -> str:
    """Errors on the device's half with each network left out, model by model."""
    text = (results / CALIBRATION / "calibration.md").read_text(encoding="utf-8")
    return text.partition("## Raspberry Pi: errors [%]")[2].partition("##")[0].strip()


def _accuracy(results: Path) -> str:
    """Final accuracies, as the study reports them."""
    text = (results / ACCURACY / "accuracy.md").read_text(encoding="utf-8")
    return text.partition("## Final accuracy")[2].partition("##")[0].strip()


def _targets(results: Path) -> str:
    """Time and energy to a share of the final accuracy, of the policies that the figure shows."""
    tables = []
    targets, changes = (
        pd.read_csv(results / ACCURACY / f"{name}.csv") for name in ("targets", "changes")
    )
    for schedule in dict.fromkeys(targets["schedule"]):
        own, against = (
            each[(each["schedule"] == schedule) & (each["split"] == "equal")]
            for each in (targets, changes)
        )
        shown = own[own["policy"].isin(policies_shown(own))]
        change = against.set_index("policy").reindex(shown["policy"])
        columns: dict[str, Any] = {"Schedule": schedule, "Policy": shown["label"]}
        for name, unit in (("seconds", "s"), ("joules", "J")):
            column = f"{name}_{TARGET:.2f}"
            columns[f"To {TARGET:.0%} [{unit}]"] = shown[column].map(at_most_three_digits)
            told = ["–" if pd.isna(value) else signed_percent(value) for value in change[column]]
            columns[f"OPEN against it, {name}"] = told
        tables.append(pd.DataFrame(columns))
    return markdown(pd.concat(tables))


def _privacy(results: Path) -> str:
    """How well images can be rebuilt from what crosses at each cut."""
    table = pd.read_csv(results / PRIVACY / "reconstruction.csv")
    kilobits = table["bits_per_sample"] / 1e3
    return markdown(
        pd.DataFrame(
            {
                "Split point": table["split"].astype(str),
                "Layer": table["layer"],
                "Crosses [kbit/sample]": kilobits.map(at_most_three_digits),
                "Error": table["error"].map("{:.3f}".format),
            }
        )
    )


TABLES: dict[str, Callable[[Path], str]] = {
    "accuracy": _accuracy,
    "targets": _targets,
    "privacy": _privacy,
    "ranking": _ranking(DEFAULT_RUN),
    "learned": _learned,
    "certificate": _certificate,
    "changes": _changes,
    "fadings": _fadings,
    "measured": _ranking(MEASURED_RUN),
    "calibration": _calibration,
    "speed": lambda results: (results / SPEED).read_text(encoding="utf-8").strip(),
}


def write_readme(readme: Path, pictures: Path, results: Path, keep: Collection[str] = ()) -> None:
    """Replaces the README's tables and pictures.

    Args:
        readme: The README.
        pictures: Folder of its pictures.
        results: Folder in which the commands' results are.
        keep: Tables to leave as they are.

    Raises:
        BenchmarkError: If the README lacks a table, or results are missing.
    """
    text = readme.read_text(encoding="utf-8")
    for name in keep:
        if name not in TABLES:
            raise BenchmarkError(f"keep = {name!r}: expected some of {', '.join(TABLES)}")
    try:
        for name in TABLES.keys() - set(keep):
            text = _replaced(text, name, TABLES[name](results))
        pictures.mkdir(parents=True, exist_ok=True)
        for target, source in PICTURES.items():
            shutil.copyfile(results / source, pictures / target)
    except FileNotFoundError as error:
        raise BenchmarkError(
            f"{error.filename} is missing: run the command that writes it"
        ) from error
    render_round(pictures / "render.png")
    draw_advice(pictures / "advice.png")
    readme.write_text(text, encoding="utf-8")


def _replaced(text: str, name: str, table: str) -> str:
    pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", flags=re.DOTALL)
    replaced, count = pattern.subn(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)
    if count != 1:
        raise BenchmarkError(f"the README has {count} tables named {name!r}: expected 1")
    return replaced


def draw_advice(path: Path) -> None:
    """Writes the picture of where to cut ResNet-18 on a Jetson Nano."""
    kind = "jetson-nano-maxn"
    advice = advise("resnet18", devices=kind, server="gpu-server", link="40mbit")
    advice.draw(kind).savefig(path, dpi=110)


def render_round(path: Path) -> None:
    """Writes the picture of round 60 of OPEN on seed 0."""
    env: Any = gym.make("ASL-v0", action_view=OPEN.action_view, render_mode="rgb_array")
    policy = OPEN(env)
    observation, _ = env.reset(seed=0)
    for _ in range(RENDERED_ROUND):
        observation, *_ = env.step(policy.predict(observation)[0])
    imsave(path, env.render())
