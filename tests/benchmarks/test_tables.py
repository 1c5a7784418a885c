"""Numbers of the tables against values worked out by hand."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.reporting.changes import changes
from benchmarks.reporting.formatting import at_most_three_digits, signed_percent, with_interval
from benchmarks.reporting.plots.running import policies_to_follow, reference_of
from benchmarks.reporting.plots.split_points import policies_to_show
from benchmarks.reporting.statistics import best_fixed_split, interval, summarise
from benchmarks.reporting.tables import changes_table, markdown, ranking_table, shortlist

NAN = float("nan")


def row(
    policy: str, seed: int, delay: float, energy: float, priced: float, frontier: float
) -> dict[str, Any]:
    return {
        "policy": policy,
        "training_seed": pd.NA,
        "evaluation_seed": seed,
        "mean_delay_s": delay,
        "mean_energy_j": energy,
        "energy_ratio": energy / 100.0,
        "priced_gap": priced,
        "frontier_gap": frontier,
        "final_queue_j": 10.0 * seed,
        "decision_time_us": 50.0,
    }


def entry(
    label: str,
    kind: str,
    split: int | None = None,
    clock: str | None = None,
    device_only: bool = False,
) -> dict[str, Any]:
    return {
        "label": label,
        "kind": kind,
        "split": split,
        "clock": clock,
        "device_only": device_only,
    }


POLICIES = {
    "open": entry("OPEN", "OPEN"),
    "fixed-1-max": entry("split 1", "scheme", 1, "max"),
    "fixed-2-max": entry("split 2", "scheme", 2, "max", device_only=True),
    "greedy-energy": entry("greedy for energy", "baseline"),
}
EPISODES = pd.DataFrame(
    [
        row("fixed-1-max", 0, 200.0, 150.0, 0.5, 0.4),
        row("fixed-1-max", 1, 400.0, 250.0, 0.9, 0.6),
        row("fixed-2-max", 0, 240.0, 160.0, 0.6, 0.3),
        row("fixed-2-max", 1, 240.0, 120.0, 0.6, 0.3),
        row("open", 0, 100.0, 101.0, 0.01, 0.01),
        row("open", 1, 140.0, 103.0, 0.03, 0.02),
        row("greedy-energy", 0, 500.0, 50.0, 2.0, NAN),
        row("greedy-energy", 1, 700.0, 50.0, 3.0, NAN),
    ]
)
DERIVED = best_fixed_split(EPISODES, POLICIES, "max", [1, 2])
EVERYTHING = pd.concat([EPISODES, DERIVED])
ALL = {**POLICIES, "best-fixed-max": entry("best", "scheme")}


def test_best_fixed_split_is_picked_on_each_seed():
    assert DERIVED["split"].to_list() == [1, 2]
    assert DERIVED["mean_delay_s"].to_list() == [200.0, 240.0]
    assert set(DERIVED["policy"]) == {"best-fixed-max"}


def test_best_fixed_split_needs_every_split():
    assert best_fixed_split(EPISODES, POLICIES, "max", [1, 2, 3]).empty
    one_missing = EPISODES.drop(index=3)
    assert best_fixed_split(one_missing, POLICIES, "max", [1, 2])["evaluation_seed"].to_list() == [
        0
    ]
    assert best_fixed_split(EPISODES, POLICIES, "open", [1, 2]).empty


def without_priced_gap(seed: int) -> pd.DataFrame:
    changed = EPISODES.copy()
    changed.loc[changed["evaluation_seed"] == seed, "priced_gap"] = NAN
    return changed


def test_best_fixed_split_is_picked_by_delay_where_nothing_is_priced():
    swapped = without_priced_gap(0)
    swapped.loc[2, "mean_delay_s"] = 190.0
    best = best_fixed_split(swapped, POLICIES, "max", [1, 2])
    assert best["evaluation_seed"].to_list() == [0, 1]
    assert best["split"].to_list() == [2, 2]
    assert best["mean_delay_s"].to_list() == [190.0, 240.0]


def test_gaps_tell_on_how_many_seeds_they_are():
    partial = without_priced_gap(1)
    partial.loc[4, "frontier_gap"] = NAN
    lines = lines_of(ranking_table(summarise(partial, POLICIES)), "Policy")
    assert lines["OPEN"]["Priced gap [%]"] == "1.00 (1 of 2)"
    assert lines["OPEN"]["Frontier gap [%]"] == "2.00 (1 of 2)"
    assert lines["split 2"]["Frontier gap [%]"] == "30.0 [30.0, 30.0]"
    assert lines["greedy for energy"]["Frontier gap [%]"] == "at minimum energy"


def lines_of(table: pd.DataFrame, key: str) -> dict[Any, dict[Any, Any]]:
    """A table's lines by the value in one of its columns."""
    return table.set_index(key).to_dict("index")


def test_summary():
    summary = summarise(EVERYTHING, ALL)
    ranked = ["open", "best-fixed-max", "fixed-2-max", "fixed-1-max", "greedy-energy"]
    assert summary["policy"].to_list() == ranked
    assert summary["rank"].fillna(0).to_list() == [1, 0, 2, 3, 4]
    assert summary["overspent"].to_list() == [False, True, True, True, False]
    assert summary["at_minimum_energy"].to_list() == [0, 0, 0, 0, 2]
    lines = lines_of(summary, "policy")
    assert lines["open"]["mean_delay_s"] == 120.0
    assert lines["open"]["mean_energy_j"] == 102.0
    assert lines["open"]["priced_gap"] == pytest.approx(0.02)
    assert lines["best-fixed-max"]["priced_gap"] == pytest.approx(0.55)
    assert lines["fixed-2-max"]["mean_delay_s_low"] == 240.0
    assert lines["fixed-2-max"]["mean_delay_s_high"] == 240.0
    assert math.isnan(lines["greedy-energy"]["frontier_gap_low"])


def test_changes():
    found = lines_of(changes(EVERYTHING, summarise(EVERYTHING, ALL)), "scheme")
    assert set(found) == {"best-fixed-max", "fixed-1-max", "fixed-2-max"}
    assert found["fixed-1-max"]["delay_change"] == pytest.approx(120 / 300 - 1)
    assert found["fixed-1-max"]["energy_change"] == pytest.approx(102 / 200 - 1)
    assert found["best-fixed-max"]["delay_change"] == pytest.approx(120 / 220 - 1)
    assert found["best-fixed-max"]["energy_change"] == pytest.approx(102 / 135 - 1)


def test_changes_are_over_common_seeds():
    found = changes(EVERYTHING.drop(index=1), summarise(EVERYTHING, ALL))
    assert lines_of(found, "scheme")["fixed-1-max"]["delay_change"] == pytest.approx(100 / 200 - 1)


def test_changes_table_holds_measured_figures_alone():
    table = changes_table(changes(EVERYTHING, summarise(EVERYTHING, ALL)))
    assert len(table) == 3
    assert not table.apply(lambda column: column.str.contains("paper|53.7")).to_numpy().any()
    assert table.iloc[0].to_list() == ["best", "−45.5%", "−24.4%"]


def test_ranking_table():
    lines = lines_of(ranking_table(summarise(EVERYTHING, ALL)), "Policy")
    assert lines["OPEN"]["#"] == "1"
    assert lines["OPEN"]["Delay [s]"] == "120"
    assert lines["OPEN"]["E/Ē"] == "1.02"
    assert lines["OPEN"]["Priced gap [%]"].startswith("2.00 [1.00, 3.00")
    assert lines["best"]["#"] == "–"
    assert lines["split 2"]["E/Ē"] == "1.40 †"
    assert lines["split 2"]["Priced gap [%]"] == "60.0 [60.0, 60.0]"
    assert lines["greedy for energy"]["Frontier gap [%]"] == "at minimum energy"


def test_shortlist_leaves_out_single_splits():
    summary = shortlist(summarise(EVERYTHING, ALL), ALL)
    assert summary["label"].to_list() == ["OPEN", "best", "split 2", "greedy for energy"]


def ranked(**policies: str) -> pd.DataFrame:
    """A summary of policies by name and kind, ranked as given; fixed splits have a number."""
    lines = [
        {"policy": name, "label": name.upper(), "kind": kind, "rank": rank, "split": pd.NA}
        for rank, (name, kind) in enumerate(policies.items(), 1)
    ]
    table = pd.DataFrame(lines)
    table.loc[table["policy"].str.startswith("fixed"), "split"] = 3
    return table


def test_split_points_show_open_and_what_contrasts_with_it():
    summary = ranked(agent="agent", tuned="OPEN", open="OPEN", greedy="scheme", fixed="scheme",
                     random="baseline", thrifty="baseline", mine="user")  # fmt: skip
    assert policies_to_show(summary)["policy"].to_list() == ["open", "mine", "greedy"]
    assert policies_to_show(summary, "column")["policy"].to_list() == ["open", "mine"]
    without = summary[~summary["policy"].isin(["mine", "open"])]
    assert policies_to_show(without)["policy"].to_list() == ["tuned", "greedy", "thrifty"]
    assert policies_to_show(without[without["kind"] == "agent"])["policy"].to_list() == ["agent"]


def test_running_averages_follow_one_of_each_kind_against_open():
    summary = ranked(tuned="OPEN", good="agent", open="OPEN", fair="agent", bad="agent",
                     greedy="scheme", fixed="scheme", fixed_too="scheme", random="baseline",
                     mine="user")  # fmt: skip
    assert reference_of(summary) == "open"
    names = ["tuned", "good", "bad", "greedy", "fixed", "mine"]
    assert policies_to_follow(summary) == names
    assert policies_to_follow(summary, "column") == ["good", "fixed", "mine"]
    without = summary[summary["policy"] != "open"]
    assert reference_of(without) == "tuned"
    assert policies_to_follow(without) == names[1:]
    assert policies_to_follow(summary[summary["policy"] == "open"]) == []


def test_markdown():
    text = markdown(pd.DataFrame({"Policy": ["a", "b"], "Delay [s]": ["1.20", "1,200"]}))
    assert text.splitlines()[1:3] == ["|:---------|------------:|", "| a        |        1.20 |"]


def test_interval_covers_the_mean_and_repeats():
    sample = pd.Series(np.random.default_rng(0).normal(5.0, 2.0, 20))
    low, high = interval(sample)
    error = sample.std() / math.sqrt(20)
    assert low == pytest.approx(sample.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(sample.mean() + 1.96 * error, abs=0.3 * error)
    assert interval(sample) == (low, high)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (NAN, NAN)), ([1.0], (NAN, NAN)), ([2.0, 2.0], (2.0, 2.0))],
)
def test_interval_of_degenerate_samples(values, expected):
    np.testing.assert_equal(interval(pd.Series(values, dtype=float)), expected)


@pytest.mark.parametrize("scale", [1e-16, 1e-12])
def test_interval_of_rounding_errors(scale):
    low, high = interval(pd.Series([0.0, scale, 0.0, 0.0, -scale, scale]))
    assert -scale <= low <= high <= scale


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (-1e-9, "0.00"),
        (0.7649, "0.76"),
        (9.996, "10.0"),
        (66.65, "66.7"),
        (99.96, "100"),
        (441.2, "441"),
        (80145.6, "80,146"),
        (-12.34, "−12.3"),
        (NAN, "–"),
    ],
)
def test_three_digits(value, text):
    assert at_most_three_digits(value) == text


def test_signs_and_intervals():
    assert signed_percent(-0.5371) == "−53.7%"
    assert signed_percent(0.0) == "+0.0%"
    assert with_interval("1.00", "0.90", "1.20") == "1.00 [0.90, 1.20]"
    assert with_interval("1.00", "–", "–") == "1.00"
