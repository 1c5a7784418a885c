"""Where results say that they come from."""

import json
import subprocess
from pathlib import Path

import pytest

from asl_gym import provenance

ROOT = Path(__file__).parents[1]


def git(folder: Path, *asked: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    answer = subprocess.run(
        ["git", *who, *asked], cwd=folder, check=True, capture_output=True, text=True
    )
    return answer.stdout.strip()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package in an ignored folder of somebody's own repository."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/packages\n")
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    place = tmp_path / "packages" / "provenance.py"
    place.parent.mkdir()
    place.touch()
    monkeypatch.setattr(provenance, "__file__", str(place))
    monkeypatch.setattr(provenance, "current_commit", provenance.current_commit.__wrapped__)
    return place


def test_another_repositorys_commit_is_not_told(installed: Path) -> None:
    assert provenance.current_commit() is None


def test_the_commit_is_the_repositorys_and_tells_changes(installed: Path) -> None:
    git(installed.parent, "add", "--force", installed.name)
    git(installed.parent, "commit", "--quiet", "--message", "second")
    commit = git(installed.parent, "rev-parse", "--short=12", "HEAD")
    assert provenance.current_commit() == commit
    installed.write_text("# changed\n")
    assert provenance.current_commit() == f"{commit}-dirty"


def test_the_commit_is_that_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = provenance.current_commit()
    monkeypatch.setattr(provenance, "_git", lambda *_: "another")
    provenance.write_provenance(tmp_path)
    told = json.loads((tmp_path / provenance.PROVENANCE).read_text(encoding="utf-8"))
    assert told["commit"] == before
