"""A scenario as a table for people: every field by the path that changes it, with its unit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.system import System

__all__ = ["table"]

UNITS = {
    "dbm_per_hz": "dBm/Hz",
    "bytes_per_s": "byte/s",
    "exponent_db": "dB a decade",
    "capacitance": "W/Hz³",
    "joules": "J",
    "_hz": "Hz",
    "_bps": "bit/s",
    "_db": "dB",
    "_w": "W",
    "_m": "m",
    "_j": "J",
    "_s": "s",
}
"""Units by the ending of a field's name; the first that fits is meant."""

PREFIXED = {"Hz", "bit/s", "byte/s"}
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))

MOST_SHOWN = 12
"""Entries of a field that are all shown; of more, the least and the greatest are."""


NOTHING_ON_BATTERIES = {"v", "initial_queue_j"}
"""Fields that mean nothing where energy is limited by batteries."""


def table(system: System) -> str:
    """Returns a line for each field that is set: its path and its value.

    Args:
        system: A system or a scenario.
    """
    lines = [("num_devices", str(system.num_devices)), *_lines("", system)]
    width = max(len(path) for path, _ in lines)
    rows = "\n".join(f"  {path:<{width}}  {value}" for path, value in lines)
    return f"{type(system).__name__}\n{rows}"


def _lines(place: str, part: Any) -> Iterator[tuple[str, str]]:
    on_batteries = getattr(part, "batteries", None) is not None
    for each in fields(part):
        if on_batteries and each.name in NOTHING_ON_BATTERIES:
            continue
        value, path = getattr(part, each.name), f"{place}{each.name}"
        if isinstance(value, NetworkProfile):
            yield path, f"{value.name}, {value.num_layers} layers"
        elif is_dataclass(value):
            yield from _lines(f"{path}.", value)
        elif isinstance(value, tuple) and any(is_dataclass(entry) for entry in value):
            for index, entry in enumerate(value):
                yield from _lines(f"{path}[{index}].", entry)
        elif value is not None and value != ():
            yield path, _shown(each.name, value)


def _shown(name: str, value: Any) -> str:
    """A value, or the entries of one, with the unit."""
    entries = value if isinstance(value, tuple) else (value,)
    if any(isinstance(entry, tuple) for entry in entries):
        return f"a table of {len(entries)} lines"
    if any(isinstance(entry, bool | str) for entry in entries):
        counts = Counter(map(str, entries))
        several = ", ".join(f"{count} × {entry}" for entry, count in counts.items())
        return several if isinstance(value, tuple) else str(value)
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
    scale, prefix = _prefix(max(map(abs, entries)), unit)
    return _several([f"{entry / scale:.6g}" for entry in entries], f" {prefix}{unit}".rstrip())


def _prefix(greatest: float, unit: str) -> tuple[float, str]:
    if unit not in PREFIXED:
        return 1.0, ""
    return next((each for each in PREFIXES if greatest >= each[0]), (1.0, ""))


def _several(numbers: list[str], unit: str) -> str:
    """Entries on a line: one where all are the same, their range where they are many."""
    if len(set(numbers)) == 1:
        return f"{numbers[0]}{unit}{' each' if len(numbers) > 1 else ''}"
    if len(numbers) <= MOST_SHOWN:
        return f"{', '.join(numbers)}{unit}"
    rising = sorted(numbers, key=float)
    return f"{rising[0]} … {rising[-1]}{unit} ({len(numbers)} entries)"
