"""Benchmarks on measured logs: what they are played with, and what a report says of them."""

import re
from pathlib import Path

import numpy as np
import pytest

from agents.bookkeeping import sha256_of
from asl_gym import Budget, preset
from asl_gym.scenario.reference import resolve_budget
from asl_gym.scenario.scenario import REFERENCE_SEEDS
from asl_gym.traces.measured import MeasuredTraces
from benchmarks.playing.run_folder import RunFolder
from tests.benchmarks.commands import FEW, SHORT, failure, run


def write_logs(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        times = [f"2020.02.13_13.{k // 60:02d}.{k % 60:02d}" for k in range(120)]
        snr = rng.normal(12, 4, 120).round()
        lines = [f"{t},LTE,{s:.0f}" for t, s in zip(times, snr, strict=True)]
        text = "\n".join(["Timestamp,NetworkMode,SNR", *lines])
        (folder / f"log{i}.csv").write_text(text + "\n")


def test_measured_logs(tmp_path, capsys):
    logs, out = tmp_path / "logs", tmp_path / "out"
    write_logs(logs, 4)
    run(out, *SHORT, *FEW, "--trace-dir", str(logs))
    manifest = RunFolder(out).manifest
    digest = sha256_of(logs / "log0.csv")
    assert manifest["configuration"]["trace_files"][0] == ["log0.csv", digest]
    report = (out / "report.md").read_text()
    assert "4 G-NetTrack logs for 10 devices" in report
    assert "those that share a log play it from different starts" in report
    assert "The budget's fraction 0.2 refers to the logs" in report
    text = (logs / "log0.csv").read_text()
    (logs / "log0.csv").write_text(f"{text[:-2]}{(int(text[-2]) + 1) % 10}\n")  # As long as before.
    message = failure(capsys, *SHORT, *FEW, "--trace-dir", str(logs), "--out", str(out))
    assert re.search(r"trace_files is .*log0.csv", message)


def test_infeasible_logs_come_with_a_tip(tmp_path):
    logs, out = tmp_path / "logs", tmp_path / "out"
    write_logs(logs, 6)
    arguments = [*SHORT, "--no-agents", "--budget-fraction", "0.0024"]
    run(out, *arguments, "--trace-dir", str(logs))
    report = (out / "report.md").read_text()
    assert "On evaluation seeds 1 no policy can keep the budget" in report
    assert "a longer episode (--rounds) or a larger --budget-fraction" in report
    assert "by priced gap; on 1 of them without one, by delay: " in report
    best = next(line for line in report.splitlines() if "best fixed split in hind" in line)
    assert "(1 of 2)" in best


@pytest.mark.filterwarnings("ignore:4 logs.*10 devices")
def test_the_budgets_fraction_refers_to_the_logs(tmp_path):
    write_logs(tmp_path / "logs", 4)
    run(tmp_path / "out", *SHORT, *FEW, "--trace-dir", str(tmp_path / "logs"))
    scenario = preset("default").replace(horizon=6)
    traces = MeasuredTraces(scenario, tmp_path / "logs")
    each = [
        resolve_budget(
            scenario, scenario.energy_limit, traces.draw([np.random.default_rng(seed)], 6)[0]
        )
        for seed in REFERENCE_SEEDS
    ]
    budget = Budget(joules=float(np.mean(each)), refers_to="measured traces")
    expected = scenario.replace(budget=budget)
    played = RunFolder(tmp_path / "out").scenario
    assert played.energy_budget == pytest.approx(expected.energy_budget, rel=1e-9)
    assert played.replace(budget=scenario.budget) == scenario


def write_drives(folder: Path, lengths: list[int]) -> None:
    folder.mkdir()
    for i, length in enumerate(lengths):
        rows = [f"{3 * k}.5,{20 + (7 * k + i) % 30}" for k in range(length)]
        (folder / f"drive{i}.CSV").write_text("\n".join(["t,RATE(MBit/s)", *rows]) + "\n")


COLUMNS = '{time = "t", time_format = "s", uplink = "RATE(MBit/s)", uplink_unit = "Mbit/s"}'


def test_logs_of_stated_columns(tmp_path, capsys):
    drives, out = tmp_path / "drives", tmp_path / "out"
    write_drives(drives, [60, 5, 40])
    logs = ["--trace-dir", str(drives)]
    run(out, *SHORT, *FEW, *logs, "--columns", COLUMNS)
    configuration = RunFolder(out).manifest["configuration"]
    assert configuration["columns"]["uplink_unit"] == "Mbit/s"
    assert [name for name, _ in configuration["trace_files"]] == [
        "drive0.CSV",
        "drive1.CSV",
        "drive2.CSV",
    ]
    report = (out / "report.md").read_text()
    assert "rates are the measured throughput of the uplink" in report
    assert "drive1.CSV, left out as too short" in report
    assert (
        report.count("drive1.CSV is too short for 6 rounds of a row and is left out: 5 rows") == 1
    )
    message = failure(capsys, *SHORT, *FEW, *logs, "--out", str(out))
    assert "neither accepted format" in message
    other = COLUMNS.replace("Mbit/s", "Gbit/s")
    message = failure(capsys, *SHORT, *FEW, *logs, "--columns", other, "--out", str(out))
    assert "columns.uplink_unit is" in message
    joined = [*logs, "--columns", COLUMNS, "--stitch", "--out", str(out)]
    assert "stitch is null there and true now" in failure(capsys, *SHORT, *FEW, *joined)


def test_rates_decide_the_rows(tmp_path, capsys):
    logs, out = tmp_path / "logs", tmp_path / "out"
    write_logs(logs, 4)
    for path in logs.iterdir():
        first, *rows = path.read_text().splitlines()
        lines = [f"{first},DL_bitrate", *(f"{row},{5000 + i}" for i, row in enumerate(rows))]
        path.write_text("\n".join(lines) + "\n")
    run(out, *SHORT, *FEW, "--trace-dir", str(logs), "--rates", "throughput")
    assert RunFolder(out).manifest["configuration"]["rates"] == "throughput"
    assert "rates are the measured throughput of the downlink" in (out / "report.md").read_text()
    message = failure(capsys, *SHORT, *FEW, "--trace-dir", str(logs), "--out", str(out))
    assert 'rates is "throughput" there and null now' in message
    run(tmp_path / "default", *SHORT, *FEW, "--trace-dir", str(logs))
    run(tmp_path / "default", *SHORT, *FEW, "--trace-dir", str(logs), "--rates", "capacity")
    message = failure(capsys, *SHORT, "--trace-dir", str(logs), "--rates", "snr")
    assert "rates = 'snr' is not allowed: expected one of 'capacity', 'throughput'" in message


@pytest.mark.parametrize(
    "option",
    [["--seconds-per-round", "1"], ["--rates", "capacity"], ["--columns", COLUMNS], ["--stitch"]],
)
def test_options_of_logs_need_logs(capsys, option):
    assert "are for measured logs: give trace-dir as well" in failure(capsys, *SHORT, *option)
