"""What is generated on the pages: written by one command, and what isn't is found by another."""

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.pages.checking import faults
from benchmarks.pages.generators import FIGURES, TABLES
from benchmarks.pages.markers import filled, generated_in, pages, stray_figures
from benchmarks.pages.writing import write_pages

ROOT = Path(__file__).parents[2]
TEXTS = {page: page.read_text(encoding="utf-8") for page in pages(ROOT)}


def test_no_page_shows_what_no_command_writes() -> None:
    assert list(faults(ROOT)) == []


def test_links_to_files_lead_to_files() -> None:
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
            assert (page.parent / target).is_file() or "gallery/" in target, (page, target)


def test_every_table_is_filled() -> None:
    found = [each for text in TEXTS.values() for each in generated_in(text)]
    assert {each.name for each in found if each.kind == "table"} == set(TABLES)
    assert {each.name for each in found if each.kind == "figure"} == set(FIGURES)
    for each in found:
        assert each.kind == "figure" or each.text.count("\n|") >= 3
        assert each.kind == "figure" or "*Written by `python -m " in each.text


@pytest.mark.parametrize(
    "text",
    [
        "OPEN gains 12.5% here.",
        "It is 20 times as fast.",
        "A round takes 3 µs.",
        "| OPEN | 0.38 |",
        "| OPEN | −12.5% |",
        "a `stated` share of 5–8%",
        "and so on, up to\n<!-- stated -->53.7%<!-- end --> in the end",
    ],
)
def test_figures_that_no_command_writes_are_found(text: str) -> None:
    assert len(list(stray_figures(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "The paper's <!-- stated -->53.7%<!-- end --> are a citation.",
        "a <!-- figure: x -->12.5%<!-- end --> is written",
        "<!-- table: x -->\n\n| OPEN | 0.38 |\n\n<!-- end -->",
        "```python\nx = 5  # 12.5%\n```",
        "in `20 times` code, and $12.5\\%$ in formulas",
        "ten devices, 200 rounds, version 0.2.0",
        "| `a2c` | stable-baselines3 |",
    ],
)
def test_what_is_no_stray_figure_is_left_alone(text: str) -> None:
    assert list(stray_figures(text)) == []


def test_pieces_are_replaced_where_they_stand() -> None:
    text = "a <!-- figure: x -->1<!-- end --> b\n<!-- table: t -->\nold\n<!-- end -->\nc\n"
    new = filled(text, {("figure", "x"): "2", ("table", "t"): "new"})
    assert (
        new == "a <!-- figure: x -->2<!-- end --> b\n<!-- table: t -->\n\nnew\n\n<!-- end -->\nc\n"
    )
    assert filled(new, {}) == new


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The pages of the repository, with their pictures and the record."""
    for name in ("docs", "benchmarks/pictures", "agents/results"):
        ignored = shutil.ignore_patterns("_build", "_generated", "gallery", "examples")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_what_was_changed_by_hand_is_found(copy: Path) -> None:
    assert list(faults(copy)) == []
    page = copy / "docs" / "speed.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("steps/s ", "step/s "), encoding="utf-8")
    picture = copy / "benchmarks" / "pictures" / "scaling.svg"
    picture.write_bytes(picture.read_bytes() + b"0")
    (copy / "docs" / "own-scheme.md").write_text("![x](mine.png)\n12.5%\n", encoding="utf-8")
    told = list(faults(copy))
    assert any("docs/speed.md: the table 'speed' is not as" in each for each in told)
    assert any("scaling.svg is not as the command wrote it" in each for each in told)
    assert any("mine.png is missing" in each for each in told)
    assert any("own-scheme.md, line 2: 12.5%" in each for each in told)


def test_names_that_no_command_knows_are_an_error(copy: Path, tmp_path: Path) -> None:
    readme = copy / "README.md"
    before = readme.read_text(encoding="utf-8")
    with pytest.raises(BenchmarkError, match="keep = 'lerned': expected some of"):
        write_pages(copy, tmp_path, ["lerned"])
    with pytest.raises(BenchmarkError, match=r"is missing: run the command|holds no run\.json"):
        write_pages(copy, tmp_path / "nothing")
    assert readme.read_text(encoding="utf-8") == before
    readme.write_text("<!-- table: mine -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="a page has a table named 'mine'"):
        write_pages(copy, tmp_path)


def test_pages_are_found_wherever_the_repository_lies(copy: Path) -> None:
    there = copy.rename(copy.parent / "_work")
    assert {each.relative_to(there) for each in pages(there)} == {
        each.relative_to(ROOT) for each in pages(ROOT)
    }


def test_a_table_that_no_page_has_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="no page has the"):
        write_pages(tmp_path, tmp_path)


def test_the_record_names_each_piece_once() -> None:
    record = json.loads((ROOT / "docs" / "generated.json").read_text(encoding="utf-8"))
    assert {f"table: {name}" for name in TABLES} <= set(record)
