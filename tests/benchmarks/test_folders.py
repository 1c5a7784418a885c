"""Folders of results that changed, were torn, or are not what a run wrote."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.playing import manifest
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import EpisodeLog, read_episodes
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import Entry
from tests.benchmarks.commands import FEW, SHORT, failure, rows_without_times, run


@pytest.fixture
def other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the project's source had changed since."""
    monkeypatch.setattr(manifest, "source_sha256", lambda package: f"another {package}")


@pytest.mark.usefixtures("other_code")
def test_rows_of_other_code_are_set_apart_and_missing(ended, capsys):
    before, before_run = (ended / "episodes.csv").read_bytes(), RunFolder(ended).manifest
    capsys.readouterr()
    # Rows that would stay behind are never mixed with new ones.
    run(ended, *SHORT, "--no-agents", "--only", "open")
    said = " ".join(capsys.readouterr().out.split())
    assert "fixed-6-max, open: code.asl_gym is" in said
    assert '"another asl_gym" now' in said
    assert "set apart" in said
    assert set(read_episodes(ended / "episodes.csv")["policy"]) == {"open"}
    (apart,) = (ended / "superseded").iterdir()
    assert (apart / "episodes.csv").read_bytes() == before
    assert RunFolder(apart).manifest == before_run
    kept = RunFolder(ended).manifest
    assert {each["code"]["asl_gym"] for each in kept["policies"].values()} == {"another asl_gym"}
    assert kept["frontier"]["asl_gym"] == "another asl_gym"
    run(ended, *SHORT, *FEW)
    assert len(read_episodes(ended / "episodes.csv")) == 4
    assert len(list((ended / "superseded").iterdir())) == 1


def test_what_makes_a_row_is_the_configuration_the_policys_files_and_the_code():
    agent = Entry("ppo", "PPO", "agent", None, agent="ppo", files={"ppo.safetensors": "12ab"})
    made = manifest.made_by(Configuration.build(rounds=6, num_seeds=2), agent)
    assert made["configuration"]["scenario"]["horizon"] == 6
    assert made["policy"]["files"] == {"ppo.safetensors": "12ab"}
    assert set(made["policy"]["code"]) == {"asl_gym", "benchmarks.playing", "agents"}
    heuristic = manifest.made_by(Configuration.build(), Entry("open", "OPEN", "OPEN", None))
    assert "agents" not in heuristic["policy"]["code"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected valid JSON"),
        (b'{"configuration": {"env', "expected valid JSON"),
        (b"\x80\x00\xff", "expected valid JSON, which is text"),
        (b"[" * 100_000, "expected JSON nested at most 100 levels deep"),
        (b"[]", "the whole: Input should be a valid dictionary"),
        (b"{}", "configuration: Field required"),
        (b'{"configuration": {"seeds": "0"}}', "configuration.env_id: Field required"),
    ],
)
def test_a_torn_or_foreign_run_json_is_named(ended, capsys, content, told):
    (ended / "run.json").write_bytes(content)
    for command in (["report"], [*SHORT, *FEW]):
        message = failure(capsys, *command, "--out", str(ended))
        assert str(ended / "run.json") in message
        assert told in message
    assert len(read_episodes(ended / "episodes.csv")) == 4


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_rows_with_other_line_ends_are_kept(ended, end):
    rows, before = ended / "episodes.csv", rows_without_times(ended)
    text = rows.read_text()
    rows.write_bytes(text.replace("\n", end).encode("utf-8-sig"))
    run(ended, *SHORT, "--no-agents", "--only", "random")
    again = rows_without_times(ended)
    pd.testing.assert_frame_equal(again[again["policy"] != "random"], before)
    assert len(again) == len(before) + 2


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("env_id", "ASLParallel-v0", "env_id 'ASLParallel-v0' is not of the run"),
        ("scenario", "ergodic", "scenario 'ergodic' is not of the run"),
        ("policy", "mine", "policy 'mine' is not of the run"),
        ("evaluation_seed", 7, "evaluation_seed '7' is not of the run"),
        ("training_seed", 3, "training_seed '3' is not of the run"),
        ("rounds", 99, "rounds '99' is not of the run"),
        ("mean_delay_s", float("inf"), "mean_delay_s is inf: expected a number"),
        ("mean_energy_j", float("nan"), "mean_energy_j is nan: expected a number"),
    ],
)
def test_rows_of_something_else_are_named_by_their_line(ended, capsys, column, value, told):
    rows = read_episodes(ended / "episodes.csv")
    rows.loc[2, column] = value
    seeds = rows["training_seed"].map(lambda seed: "" if pd.isna(seed) else str(seed))
    rows.assign(training_seed=seeds).to_csv(ended / "episodes.csv", index=False, na_rep="nan")
    for command in (["report"], [*SHORT, *FEW]):
        message = failure(capsys, *command, "--out", str(ended))
        assert "episodes.csv, line 4: " in message
        assert told in message


def test_rows_that_are_no_text(ended, capsys):
    content = (ended / "episodes.csv").read_bytes()
    (ended / "episodes.csv").write_bytes(content[:300] + b"\xff\xfe" + content[300:])
    message = failure(capsys, "report", "--out", str(ended))
    assert "episodes.csv is no text (byte 0xff at 300)" in message


@pytest.mark.parametrize("file", ["frontier.csv", "series/open.csv.gz"])
@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"mean_delay_s\nmuch\n"])
@pytest.mark.draws
def test_torn_curves_and_series_are_named(ended, capsys, file, content):
    (ended / file).write_bytes(content)
    message = failure(capsys, "report", "--out", str(ended))
    assert f"{ended / file} is not as a run wrote it" in message


def test_a_full_disk_keeps_all_rows_before(ended, monkeypatch):
    score = next(iter(read_episodes(ended / "episodes.csv").itertuples()))
    with EpisodeLog(ended / "episodes.csv") as log:

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(BenchmarkError, match=r"No space left on device.*rows before are kept"):
            log._write([getattr(score, name, "") for name in ("policy", "rounds")])
    assert score.policy == "open"


def test_folders_that_cannot_be_written(ended, tmp_path, capsys, monkeypatch):
    file = tmp_path / "file"
    file.write_text("mine")
    assert "is no folder" in failure(capsys, *SHORT, *FEW, "--out", str(file))
    assert file.read_text() == "mine"

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(ended))

    monkeypatch.setattr(Path, "mkdir", refused)
    message = failure(capsys, *SHORT, *FEW, "--out", str(tmp_path / "new"))
    assert f"Permission denied: {str(ended)!r}" in message


def test_a_planted_link_is_not_followed(ended, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    manifest_before = json.loads((ended / "run.json").read_text())
    for name in ("run.part.json", "report.part.md", "table.part.csv", "run.json.tmp"):
        (ended / name).symlink_to(victim)
    (ended / "report.md").unlink()
    (ended / "report.md").symlink_to(victim)
    run(ended, *SHORT, *FEW)
    assert victim.read_text() == "mine"
    assert json.loads((ended / "run.json").read_text())["policies"] == manifest_before["policies"]
