"""Figures and tables for print: sizes, fonts, files, and the look that belongs to a policy."""

import re
import zlib
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import pandas as pd
import pytest
from matplotlib.figure import Figure

from asl_gym import picture_style as style
from asl_gym import preset
from asl_gym.policies.schemes.catalogue import SCHEMES
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.playing.suite import OPEN_VARIANTS, TOLD_MORE, build_suite
from benchmarks.reporting.exports import latex, save_figure, save_svg, save_widths, write_table
from benchmarks.reporting.policy_styles import STYLES, PolicyStyle, policy_style, policy_styles
from benchmarks.reporting.statistics import BEST_FIXED

INCHES = {"column": 3.5, "page": 7.16}


def drawn(width: style.Width) -> Figure:
    figure = style.figure(width, 2.0)
    axes = figure.add_subplot()
    axes.plot([0, 1], [1, 3], **policy_style("open").line(label="OPEN"))
    axes.set(xlabel="energy ÷ budget, E/Ē", ylabel="delay [s]")
    return figure


@pytest.mark.parametrize("width", INCHES)
def test_a_figure_has_the_width_of_a_column_or_a_page(tmp_path: Path, width: style.Width) -> None:
    assert save_widths(drawn, tmp_path / "new" / "v")[width] == tmp_path / f"new/v-{width}.png"
    files = {kind: tmp_path / f"new/v-{width}.{kind}" for kind in ("png", "pdf", "svg")}
    assert matplotlib.image.imread(files["png"]).shape[1] == round(300 * INCHES[width])
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+)", files["pdf"].read_bytes())
    (told,) = re.findall(r'<svg .*?width="([\d.]+)pt"', files["svg"].read_text())
    assert float(box) == float(told) == pytest.approx(72 * INCHES[width])


def test_fonts_are_embedded_as_publishers_want_them(tmp_path: Path) -> None:
    with style.in_style():
        pdf, *_ = save_figure(drawn("column"), tmp_path / "v")
    content = pdf.read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL)
    whole = content + b"".join(map(_inflated, streams))
    assert b"DejaVuSans" in whole
    assert b"/Type3" not in whole


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_the_same_figure_is_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save_widths(drawn, tmp_path / folder / "v")
    files = sorted(each.name for each in (tmp_path / "a").iterdir())
    assert files == [f"v-{width}.{kind}" for width in INCHES for kind in ("pdf", "png", "svg")]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_figure_that_has_nothing_to_show_is_not_written(tmp_path: Path) -> None:
    assert save_widths(lambda _: None, tmp_path / "v") == {}
    assert not list(tmp_path.iterdir())


def test_the_style_is_the_same_whatever_was_set_and_leaves_no_trace() -> None:
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9}):
        with style.in_style():
            assert (mpl.rcParams["font.size"], mpl.rcParams["lines.linewidth"]) == (7, 1)
        assert mpl.rcParams["font.size"] == 20


def test_policies_of_a_run_differ_in_grey_too() -> None:
    entries = build_suite(Evaluator("ASL-v0", horizon=2)).entries
    names = {"best-fixed-max", "best-fixed-open"} | {each.name for each in entries}
    names -= {each.name for each in entries if each.split is not None}
    looks = [policy_style(name)[1:] for name in [*names, "fixed-3-max", "fixed-3-open"]]
    assert len(set(looks)) == len(looks)


def test_every_policy_of_the_project_has_a_look_of_its_own() -> None:
    versions = {**OPEN_VARIANTS, **TOLD_MORE}.values()
    names = [name for several in versions for name, *_ in several]
    names += [scheme.name for scheme in SCHEMES] + [name for name, *_ in BEST_FIXED.values()]
    assert len({policy_style(name) for name in names}) == len(names)
    assert {policy_style(name) for name in names} <= set(STYLES.values())
    assert len(set(STYLES.values())) == len(STYLES)


def test_fixed_splits_of_one_clock_look_alike() -> None:
    splits = preset("default").split_points.common
    assert {policy_style(f"fixed-{each}-max") for each in splits} == {STYLES["fixed-max"]}
    assert policy_style("fixed-1-open") == STYLES["fixed-open"]


def test_an_unknown_policy_looks_the_same_in_every_process() -> None:
    assert policy_style("SplitByRate") == PolicyStyle(style.BLUE, "v", full=False)
    looks = {policy_style(f"mine-{number}") for number in range(40)}
    assert not looks & set(STYLES.values())
    assert len(looks) > 20


def test_unknown_policies_of_one_picture_differ() -> None:
    names = [f"mine-{number}" for number in range(40)]
    styles = policy_styles([*names, "open"])
    assert len(set(styles.values())) == 41
    assert sum(styles[name] == policy_style(name) for name in names) > 15
    assert policy_styles(reversed([*names, "open"])) == styles


def test_tables(tmp_path: Path) -> None:
    figures = pd.DataFrame({"policy": ["a_b & c", "open"], "delay": [1 / 3, 2.0]})
    shown = pd.DataFrame({"Policy": ["a_b & c", "OPEN"], "E/Ē": ["−0.33 †", "[2, 3]"]})
    write_table(figures, tmp_path / "new" / "t", shown)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "t.csv"), figures)
    assert (tmp_path / "new" / "t.md").read_text().splitlines()[2].startswith("| a_b & c ")
    assert (tmp_path / "new" / "t.tex").read_text().splitlines() == [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"Policy & E/$\bar{E}$ \\",
        r"\midrule",
        r"a\_b \& c & $-$0.33 \textdagger{} \\",
        r"OPEN & {[}2, 3{]} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100%", r"100\%"),
        (r"a\b", r"a\textbackslash{}b"),
        ("x^2 ~ {y}", r"x\textasciicircum{}2 \textasciitilde{} \{y\}"),
        ("<1 µs", r"\textless{}1 \textmu{}s"),
    ],
)
def test_signs_in_latex(text: str, expected: str) -> None:
    assert latex(pd.DataFrame({"Policy": [text]})).splitlines()[5] == rf"{expected} \\"


def test_pictures_for_the_web_are_short_and_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_svg(lambda: drawn("column"), tmp_path / f"{name}.svg")
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    paths = re.findall(r' d="([^"]*)"', text)
    assert paths
    assert not re.search(r"\.\d{3}", "".join(paths))
    assert "<text" not in text  # Letters are drawn, so that no font is needed.
    save_svg(lambda: None, tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()
