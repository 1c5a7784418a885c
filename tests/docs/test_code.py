"""The code of README and documentation runs as it stands."""

import re
from pathlib import Path

import pytest

from asl_gym import evaluate

ROOT = Path(__file__).parents[2]
OF_OWN_TESTS = {"own-scheme.md", "pettingzoo.md"}
"""Pages whose code is looked at more closely, by tests of theirs."""

FEWER_STEPS = ("model.learn(40_000, progress_bar=True)", "model.learn(1_024)")


def _blocks() -> dict[str, str]:
    """Each piece of Python that a page shows, once, by page and first line."""
    found: dict[str, str] = {}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if page.name not in OF_OWN_TESTS and "_generated" not in page.parts:
            text = page.read_text(encoding="utf-8")
            for number, block in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
                if block not in found.values():
                    found[f"{page.stem}-{number}"] = block
    return found


BLOCKS = _blocks()


@pytest.mark.parametrize("name", BLOCKS)
def test_code_runs(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # Some of it writes pictures.
    code, names = BLOCKS[name].replace(*FEWER_STEPS), dict[str, object]()
    exec(compile(code, name, "exec"), names)
    if "print" in code:
        assert capsys.readouterr().out
    if "SplitByRate" in names:
        (score,) = evaluate(names["SplitByRate"], seeds=[0], horizon=10)  # type: ignore[arg-type]
        assert score.priced_gap > 0


def test_examples_are_there() -> None:
    assert any(FEWER_STEPS[0] in block for block in BLOCKS.values())
    assert len(BLOCKS) > 12
