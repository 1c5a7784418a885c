"""Files of measured harvests for tests, and a scenario that plays them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from asl_gym import MeasuredHarvest, Scenario
from tests.policies.harvest import short_scenario

START = datetime(2026, 6, 1, 6)


def sun_file(
    path: Path, days: Sequence[Sequence[float]], left_out: Sequence[int] = (), each: int = 1
) -> Path:
    """A file of days of so many equal rounds from 06:00 on, with so many rows a round.

    Args:
        path: The file.
        days: Power of each round of each day.
        left_out: Days that have no rows, from 0.
        each: Rows a round.
    """
    lines = ["When,Wind,GHI"]
    for number, day in enumerate(days):
        step = timedelta(days=1) / (len(day) * each)
        at, rows = START + timedelta(days=number), range(len(day) * each)
        if number not in left_out:
            lines += [f"{(at + i * step).isoformat()},3,{day[i // each]:g}" for i in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def sun(path: Path, **arguments: Any) -> MeasuredHarvest:
    """The harvests of such a file."""
    return MeasuredHarvest.from_csv(path, time="When", power="GHI", **arguments)


def sunny_scenario(rounds_per_day: int = 4, horizon: int = 8) -> Scenario:
    """Three devices under a sky that is not shown."""
    scenario = short_scenario(rounds_per_day=rounds_per_day, cloud_shown=False)
    return scenario.replace(horizon=horizon)
