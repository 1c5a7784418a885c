"""Statistics over training seeds: hand-computed values, properties, intervals that can be known."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.errors import BenchmarkError
from benchmarks.learned.statistics import (
    compare,
    interquartile_mean,
    interval,
    mean_of_scores,
    median_seed,
    score_matrix,
    wins,
)
from benchmarks.reporting import statistics as reporting

GAPS = st.floats(0, 1, allow_nan=False, width=32)
MATRICES = hnp.arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(2, 5)), elements=GAPS)


@pytest.fixture(autouse=True, scope="module")
def fewer_resamples() -> Iterator[None]:
    """A tenth of them tells as well whether intervals are what they are said to be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "RESAMPLES", 999)
        yield


def frame(gaps: dict[str, np.ndarray], energy: float = 1.0) -> pd.DataFrame:
    """Rows of agents with these priced gaps, shape (training seeds, traces)."""
    rows = [
        {
            "agent": agent,
            "policy": agent if len(matrix) == 1 else f"{agent}-seed-{seed}",
            "training_seed": pd.NA if len(matrix) == 1 else seed,
            "evaluation_seed": trace,
            "priced_gap": gap,
            "frontier_gap": gap / 2,
            "energy_ratio": energy + gap,
            "decision_time_us": 10.0 * (seed + 1),
        }
        for agent, matrix in gaps.items()
        for seed, values in enumerate(matrix)
        for trace, gap in enumerate(values)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([5.0, 1.0, 2.0, 3.0, 100.0], 10 / 3),  # 1 and 100 are left out
        ([1.0, 2.0, 3.0, 10.0], 2.5),
        ([1.0, 2.0, 6.0], 3.0),  # a quarter of three is no whole value
        ([4.0], 4.0),
        ([*range(8)], 3.5),
    ],
)
def test_interquartile_mean(scores, mean):
    assert interquartile_mean(np.array(scores)) == pytest.approx(mean)


def test_a_seeds_score_is_its_mean_over_traces():
    matrix = np.array([[0.0, 0.2], [0.3, 0.5], [0.2, 0.2], [0.9, 1.1], [0.1, 0.1]])
    assert mean_of_scores(matrix) == pytest.approx((0.1 + 0.4 + 0.2) / 3)


def test_wins_by_hand():
    matrix = np.array([[0.1, 0.5, 0.3], [0.2 + 1e-12, 0.4, 0.9]])
    baseline = np.array([0.2, 0.4, 0.6])
    expected = [[1, 0, 1], [0.5, 0.5, 0]]
    np.testing.assert_array_equal(wins(matrix, baseline), expected)


def test_an_interval_over_two_seeds_by_hand():
    """Of two seeds a quarter of the resamples is the worse twice: the ends are the seeds."""
    matrix = np.array([[0.1, 0.3], [0.5, 0.7]])
    assert interval(matrix, mean_of_scores, ("seeds",)) == pytest.approx((0.2, 0.6))


def test_traces_are_drawn_for_all_seeds_alike():
    """Two seeds that differ by a constant: resampling traces leaves the difference as it is."""
    matrix = np.array([[0.1, 0.9, 0.4], [0.2, 1.0, 0.5]])
    low, high = interval(matrix[1:] - matrix[:1], mean_of_scores, ("traces",))
    assert (low, high) == pytest.approx((0.1, 0.1))
    over_seeds = interval(matrix, mean_of_scores, ("seeds",))
    over_traces = interval(matrix, mean_of_scores, ("traces",))
    assert over_traces[1] - over_traces[0] > over_seeds[1] - over_seeds[0]


def test_without_two_of_what_is_resampled_there_is_no_interval():
    one_seed = np.array([[0.1, 0.2]])
    assert np.isnan(interval(one_seed, mean_of_scores, ("seeds",))).all()
    assert np.isnan(interval(one_seed, mean_of_scores, ("seeds", "traces"))).all()
    assert np.isfinite(interval(one_seed, mean_of_scores, ("traces",))).all()


@pytest.mark.parametrize("resampled", [("seeds",), ("traces",), ("seeds", "traces")])
def test_intervals_cover_as_often_as_they_say(resampled):
    """The mean of normal scores: about 95% of the intervals hold it, less for small samples."""
    generator = np.random.default_rng(0)
    shape = (25 if "seeds" in resampled else 1, 25 if "traces" in resampled else 1)
    covered = 0
    for _ in range(40):
        seeds = generator.normal(size=(shape[0], 1))
        traces = generator.normal(size=(1, shape[1]))
        low, high = interval(seeds + traces, _mean, resampled)
        truth = (0 if shape[0] > 1 else seeds.item()) + (0 if shape[1] > 1 else traces.item())
        covered += low <= truth <= high
    assert 32 <= covered <= 40


def _mean(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(matrix.mean(axis=(-2, -1)))


@given(matrix=MATRICES)
def test_intervals_lie_in_the_scores_and_are_the_same_each_time(matrix):
    low, high = interval(matrix, mean_of_scores, ("seeds",))
    scores = matrix.mean(axis=1)
    assert scores.min() - 1e-12 <= low <= high <= scores.max() + 1e-12
    assert (low, high) == interval(matrix, mean_of_scores, ("seeds",))


@given(matrix=MATRICES, shift=st.floats(-0.5, 0.5), scale=st.floats(0.1, 10))
def test_figures_follow_shift_and_scale(matrix, shift, scale):
    ends = np.array(interval(matrix, mean_of_scores, ("seeds", "traces")))
    moved = np.array(interval(scale * matrix + shift, mean_of_scores, ("seeds", "traces")))
    np.testing.assert_allclose(moved, scale * ends + shift, rtol=1e-9, atol=1e-9)


@given(matrix=MATRICES, other=st.data())
def test_probabilities_of_both_sides_add_up_to_one(matrix, other):
    baseline = other.draw(hnp.arrays(np.float64, matrix.shape[1], elements=GAPS))
    forth, back = wins(matrix, baseline), wins(-matrix, -baseline)
    np.testing.assert_array_equal(forth + back, 1)


@pytest.fixture(scope="module")
def episodes() -> pd.DataFrame:
    generator = np.random.default_rng(3)
    base = generator.uniform(0.1, 0.3, size=(1, 4))
    return frame(
        {
            "open": base,
            "filtered-open": base - 0.05,
            "good": base - 0.08 + 0.01 * np.arange(5)[:, None],
            "bad": base + 0.02 * np.arange(1, 4)[:, None],
        }
    )


def test_one_line_an_agent_by_hand(episodes):
    table: Any = compare(episodes, ["open", "filtered-open"]).set_index("agent")
    assert list(table.index) == ["good", "filtered-open", "open", "bad"]
    assert set(table["best"]) == {"filtered-open"}
    good = table.loc["good"]
    assert good["training_seeds"] == 5
    assert good["traces"] == 4
    assert good["priced_gap"] == pytest.approx(table.loc["open", "priced_gap"] - 0.06)
    assert good["difference"] == pytest.approx(-0.01)
    # Paired by trace, so that the spread between traces is not in the interval of the difference.
    assert -0.03 <= good["difference_traces_low"] <= -0.01 <= good["difference_traces_high"] <= 0.01
    assert good["better_than_open"] == 1.0
    assert good["better_than_best"] == pytest.approx((3 + 0.5) / 5)
    assert table.loc["bad", "better_than_open"] == 0.0
    assert good["decision_time_us"] == 30.0
    assert table.loc["open", "difference"] == pytest.approx(0.05)
    assert np.isnan(table.loc["open", "priced_gap_low"])
    assert np.isfinite(table.loc["open", "priced_gap_traces_low"])


def test_violations_are_shares_of_episodes():
    gaps = np.array([[0.0, 0.01, 0.02, 0.05], [0.0, 0.0, 0.03, 0.04]])
    rows = frame({"open": gaps[:1], "agent": gaps})
    line: Any = compare(rows, ["open"]).set_index("agent").loc["agent"]
    assert line["over_budget_share"] == 5 / 8
    assert line["overspent_share"] == 3 / 8
    assert line["energy_ratio"] == pytest.approx(1 + gaps.mean())


def test_the_order_of_rows_does_not_matter(episodes):
    shuffled = episodes.sample(frac=1, random_state=1)
    references = ["open", "filtered-open"]
    one, other = (
        compare(each, references).set_index("agent").sort_index() for each in (episodes, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


def test_traces_without_a_priced_gap_are_left_out(episodes):
    gaps = episodes["priced_gap"].where(episodes["evaluation_seed"] != 2)
    table = compare(episodes.assign(priced_gap=gaps), ["open"])
    assert set(table["traces"]) == {3}
    without = compare(episodes[episodes["evaluation_seed"] != 2], ["open"])
    pd.testing.assert_frame_equal(table, without)
    with pytest.raises(BenchmarkError, match="no evaluation seed"):
        compare(episodes.assign(priced_gap=np.nan), ["open"])


def test_score_matrix_has_seeds_in_rows_and_traces_in_columns(episodes):
    rows = episodes[episodes["agent"] == "bad"].sample(frac=1, random_state=2)
    matrix = score_matrix(rows, "priced_gap", [3, 1])
    assert matrix.shape == (3, 2)
    np.testing.assert_allclose(np.diff(matrix, axis=0), 0.02)


@pytest.mark.parametrize(
    ("gaps", "median"),
    [
        ([0.3, 0.1, 0.2], 2),
        ([0.4, 0.1, 0.2, 0.3], 2),
        ([0.1, 0.1, 0.1], 1),
        ([0.5], 0),
    ],
)
def test_median_seed(gaps, median):
    rows = pd.DataFrame({"training_seed": range(len(gaps)), "priced_gap": gaps})
    assert median_seed(rows) == median
    assert median_seed(rows.sample(frac=1, random_state=0)) == median
