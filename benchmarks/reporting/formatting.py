"""Numbers as people read them: three significant digits, true minus signs, intervals."""

import math

__all__ = ["at_most_three_digits", "percent", "signed_percent", "with_interval"]


def at_most_three_digits(value: float) -> str:
    """Three significant digits where that takes no more than two decimals; all of the integer."""
    if not math.isfinite(value):
        return "–"
    rounded = abs(float(f"{value:.3g}"))
    digits = 0 if rounded == 0 else math.floor(math.log10(rounded))
    decimals = min(max(2 - digits, 0), 2)
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def percent(share: float) -> str:
    """A share as a percentage without the sign for it, which stands in the column's head."""
    return at_most_three_digits(100 * share)


def signed_percent(share: float) -> str:
    """A change as a signed percentage."""
    return f"{share:+.1%}".replace("-", "−") if math.isfinite(share) else "–"


def with_interval(value: str, low: str, high: str) -> str:
    """A value and its interval; the value alone where there is no interval."""
    return value if "–" in (low, high) else f"{value} [{low}, {high}]"
