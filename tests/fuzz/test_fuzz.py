"""A hundred of the fuzzed inputs, of the kinds that need no benchmark's run."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import outcome
from tests.fuzz.kinds import KINDS, compile_solver


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "run folder"])
def test_inputs_are_refused_as_documented_or_play_soundly(kind: str, tmp_path: Path) -> None:
    compile_solver()
    outcomes = [outcome(0, index, tmp_path, kind) for index in range(25)]
    assert [each.wrong for each in outcomes if each.wrong] == []
    assert len({each.ended for each in outcomes}) > 1, "all were refused in one way"
