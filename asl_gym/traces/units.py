"""Units of rates and time in trace files, and what the unmeasured direction is taken to have."""

from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["UNITS", "UPLINK_SHARE", "RateUnit", "nanoseconds"]

RateUnit = Literal["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "byte/s", "kbyte/s", "Mbyte/s"]

UNITS: dict[str, float] = {
    "bit/s": 1.0,
    "kbit/s": 1e3,
    "Mbit/s": 1e6,
    "Gbit/s": 1e9,
    "byte/s": 8.0,
    "kbyte/s": 8e3,
    "Mbyte/s": 8e6,
}
"""Bit/s in each unit of a rate."""

UPLINK_SHARE = 5.76 / 14.4
"""Uplink rate over downlink rate where one throughput alone was measured, either way.

The ratio of HSPA's peak rates, 5.76 Mbit/s (E-DCH category 6: two codes of spreading factor 2 and
two of 4) to 14.4 Mbit/s (HS-DSCH category 10: 15 codes, 16QAM), categories of 3GPP TS 25.306: it
is 3G's rows that have a throughput and no SNR.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(time: datetime) -> int:
    """Time since 1970 [ns], exactly; a time without a zone is taken to be in UTC."""
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (aware - _EPOCH) // timedelta(microseconds=1) * 1000
