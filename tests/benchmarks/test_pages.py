"""The README's code runs as it stands, and what it shows exists."""

import re
from pathlib import Path

import pytest

from asl_gym import evaluate
from benchmarks.errors import BenchmarkError
from benchmarks.readme import TABLES, write_readme

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
FEWER_STEPS = ("model.learn(40_000, progress_bar=True)", "model.learn(1_024)")


@pytest.mark.parametrize("code", BLOCKS, ids=[block.splitlines()[0] for block in BLOCKS])
def test_code_runs(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # Some of it writes pictures.
    names: dict[str, object] = {}
    exec(compile(code.replace(*FEWER_STEPS), "README.md", "exec"), names)
    if "print" in code:
        assert capsys.readouterr().out
    if "SplitByRate" in names:
        (score,) = evaluate(names["SplitByRate"], seeds=[0], horizon=10)  # type: ignore[arg-type]
        assert score.priced_gap > 0


def test_examples_are_there() -> None:
    assert len(BLOCKS) == 6
    assert sum(FEWER_STEPS[0] in block for block in BLOCKS) == 1


def test_pictures_and_files_exist() -> None:
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"\bTABLE_[A-Z]+\b", README)


def test_every_table_is_filled() -> None:
    tables = re.findall(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", README, flags=re.DOTALL)
    assert {name for name, _ in tables} == set(TABLES)
    assert all(table.count("\n|") >= 3 for _, table in tables)


def test_a_table_that_the_readme_lacks_is_an_error(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(BenchmarkError):
        write_readme(readme, tmp_path, tmp_path)
    with pytest.raises(BenchmarkError, match="keep = 'lerned': expected some of"):
        write_readme(readme, tmp_path, tmp_path, ["lerned"])
    assert readme.read_text(encoding="utf-8") == "nothing here\n"
