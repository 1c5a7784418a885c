"""Which device plays which log, and which logs are too short for an episode."""

from collections.abc import Sequence
from dataclasses import dataclass

from asl_gym.traces.log import MeasuredLog, counted

__all__ = ["Deal", "deal"]


@dataclass(frozen=True)
class Deal:
    """Which logs are played, and by which devices.

    Attributes:
        players: The logs that are played, by their places in what was dealt, with their devices.
        left_out: Why the logs that are too short are not played.
    """

    players: list[tuple[int, range]]
    left_out: dict[int, str]


def deal(
    logs: Sequence[MeasuredLog],
    num_devices: int,
    rounds: int | None = None,
    seconds_per_round: float | None = None,
) -> Deal:
    """Deals M logs to devices: device n plays log n mod M, logs beyond the devices are not played.

    Logs that have fewer starts for an episode than devices to serve are left out, one by one, the
    one with the fewest first; the devices are then dealt anew, so that others take them over.

    Args:
        logs: The logs.
        num_devices: Number of devices.
        rounds: Rounds of an episode, or ``None`` to leave no log out.
        seconds_per_round: Duration of a round [s], or ``None`` for one a row.
    """
    kept = list(range(len(logs)))
    left_out: dict[int, str] = {}
    if rounds is None:
        return Deal(_served(kept, num_devices), left_out)
    counts = [log.starts(rounds, seconds_per_round).size for log in logs]
    while short := [each for each in _served(kept, num_devices) if counts[each[0]] < len(each[1])]:
        m, devices = min(short, key=lambda each: counts[each[0]])
        needed = len(devices) if counts[m] else 1
        left_out[m] = (
            f"{logs[m].length(seconds_per_round)}, so {counted(counts[m], 'start')}: expected at "
            f"least {needed}, one a device that plays it"
        )
        kept.remove(m)
    return Deal(_served(kept, num_devices), left_out)


def _served(kept: Sequence[int], num_devices: int) -> list[tuple[int, range]]:
    return [(m, range(n, num_devices, len(kept))) for n, m in enumerate(kept[:num_devices])]
