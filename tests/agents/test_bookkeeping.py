"""Files are whole or as they were, whoever else writes to their folder."""

import os
import stat
from pathlib import Path

import pytest

from agents.bookkeeping import remove_parts, replacing, write_whole


def test_a_file_is_replaced_once_its_body_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(b"old")
    with replacing(path) as part:
        assert part.parent == path.parent
        assert part.suffix == ".gz"
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def _fail_in_the_middle(part: Path, error: type[BaseException]) -> None:
    part.write_bytes(b"half")
    raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_a_body_that_fails_leaves_the_file_alone(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as part:
        _fail_in_the_middle(part, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one at the file's own name nor one at the part's, could it be foretold."""
    others = tmp_path / "others"
    others.write_bytes(b"theirs")
    path = tmp_path / "run.json"
    path.symlink_to(others)
    write_whole(path, b"mine")
    assert not path.is_symlink()
    assert (path.read_bytes(), others.read_bytes()) == (b"mine", b"theirs")
    monkeypatch.setattr("secrets.token_hex", lambda _: "foretold")
    for name in ("run.part.json", "run.foretold.part.json"):
        (tmp_path / name).symlink_to(others)
    with pytest.raises(FileExistsError):
        write_whole(path, b"more")
    assert (path.read_bytes(), others.read_bytes()) == (b"mine", b"theirs")


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_have_the_mode_that_the_umask_gives(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "run.json", b"{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o666 & ~umask


def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    for name in ("run.json", "partial.csv", "run.0123456789abcdef.part.json"):
        (tmp_path / name).write_bytes(b"")
    remove_parts(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["partial.csv", "run.json"]
