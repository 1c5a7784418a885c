"""Links of a stated rate, in words."""

import math
import re

from asl_gym.model.radio import Link
from asl_gym.validation.checks import FieldError

__all__ = ["parse_link"]

UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9}
WORDS = re.compile(
    r"(?P<up>[0-9.]+)(/(?P<down>[0-9.]+))?\s*(?P<unit>[kmg]bit)(/s)?"
    r"(\s*(±|\+-)\s*(?P<variation>[0-9.]+)\s*%)?",
    re.IGNORECASE,
)


def parse_link(text: str) -> Link:
    """Returns a link said in words.

    Args:
        text: ``"40mbit"``; ``"10/50mbit"`` for 10 Mbit/s up and 50 down; ``"40mbit±20%"`` for rates
            that vary by up to a fifth each way from round to round. Units are kbit, mbit and gbit.

    Raises:
        FieldError: If it is said otherwise, or a rate is not allowed.
    """
    found = WORDS.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        allowed = "a rate such as '40mbit', '10/50mbit' (up/down) or '40mbit±20%'"
        raise FieldError("link", text, allowed)
    unit = UNITS[found["unit"].lower()]
    up, down = (
        _read(text, digits) * unit for digits in (found["up"], found["down"] or found["up"])
    )
    # Rounded, since 99.9/100 is a little more than 0.999.
    variation = round(_read(text, found["variation"] or "0") / 100.0, 8)
    try:
        return Link(up, down, variation)
    except FieldError as error:
        raise FieldError("link", text, f"{error.field} {error.allowed}") from error


def _read(text: str, digits: str) -> float:
    try:
        value = float(digits)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FieldError("link", text, "finite numbers with at most one decimal point")
    return value
