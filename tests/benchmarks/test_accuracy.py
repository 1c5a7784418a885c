"""The study of accuracy over seconds and joules: its arithmetic, a short run, going on."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.accuracy.targets import (
    accuracy_over,
    change_table,
    reached_rounds,
    target_table,
    to_targets,
)
from tests.benchmarks.commands import failure, run

ACCURACY = [0.40, 0.85, 0.80, 0.95, 0.99, 1.0, 1.0, 1.0, 1.0, 1.0]
"""90% of the final accuracy is reached in round 3, as are 95%; 99% in round 4."""


def learned(seeds: range = range(1)) -> pd.DataFrame:
    rows = [("sequential", "equal", seed, r, a) for seed in seeds for r, a in enumerate(ACCURACY)]
    return pd.DataFrame(rows, columns=["schedule", "split", "seed", "round", "accuracy"])


def clock() -> pd.DataFrame:
    """OPEN takes 1 s and 4 J a round, the other 2 s and 1 J; on the second trace twice of each."""
    policies, traces, rounds = {"open": (1.0, 4.0), "other": (2.0, 1.0)}, (0, 1), range(10)
    rows = []
    for (name, (seconds, joules)), trace, r in itertools.product(policies.items(), traces, rounds):
        spent = (trace + 1) * (r + 1)
        row = ("sequential", name, name, "scheme", trace, r, seconds * spent, joules * spent)
        rows.append(row)
    names = ["schedule", "policy", "label", "kind", "trace", "round", "seconds", "joules"]
    return pd.DataFrame(rows, columns=names)


def test_targets_are_shares_of_the_final_accuracy() -> None:
    reached = reached_rounds(learned())
    assert dict(zip(reached["share"], reached["round"], strict=True)) == {0.9: 3, 0.95: 3, 0.99: 4}
    assert (reached["final"] == 1.0).all()
    table = target_table(to_targets(reached, clock())).set_index("policy")
    assert list(table.index) == ["open", "other"]
    assert table.loc["open", "seconds_0.95"] == pytest.approx(1.5 * 4)
    assert table.loc["other", "seconds_0.99"] == pytest.approx(1.5 * 2 * 5)
    assert table.loc["other", "joules_0.90"] == pytest.approx(1.5 * 4)
    (change,) = change_table(to_targets(reached, clock())).to_dict("records")
    assert change["policy"] == "other"
    assert change["seconds_0.95"] == pytest.approx(-0.5)
    assert change["joules_0.95"] == pytest.approx(3.0)


def test_accuracy_over_time_is_that_of_the_last_round_that_has_ended() -> None:
    whole = clock()
    own = whole[whole["policy"] == "open"]
    grid = np.array([0.5, 1.0, 2.0, 4.0, 10.0, 99.0])
    found = accuracy_over(learned(range(2)), own, "seconds", grid)
    assert found.shape == (2, 6)
    assert np.isnan(found[:, :2]).all()
    # At 2 s two rounds have ended on the first trace and one on the second; at 4 s four and two.
    expected = [(0.85 + 0.40) / 2, (0.95 + 0.85) / 2, (1.0 + 0.99) / 2, 1.0]
    np.testing.assert_allclose(found[0, 2:], expected)


SHORT = ["accuracy", "--rounds", "2", "--samples", "8", "--batch-size", "8", "--seeds", "1",
         "--traces", "2", "--schedule", "sequential", "--split", "equal",
         "--only", "fixed-1-max"]  # fmt: skip


def test_a_short_study_writes_its_report_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, *SHORT)
    text = (tmp_path / "accuracy.md").read_text()
    assert "| sequential | equal" in text
    assert "split 1 (conv1), full clock" in text
    for name in ("accuracy-sequential-page.png", "targets.csv", "changes.csv", "final.csv"):
        assert (tmp_path / name).stat().st_size
    rounds = pd.read_csv(tmp_path / "rounds.csv")
    assert len(rounds) == 2
    run(tmp_path, *SHORT)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "rounds.csv"), rounds)
    changed = [*SHORT, "--batch-size", "4", "--out", str(tmp_path)]
    assert "is of another training, which differs in scenario" in failure(capsys, *changed)
    assert "schedule = 'both' is not allowed" in failure(capsys, *SHORT, "--schedule", "both")
