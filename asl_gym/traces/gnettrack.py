"""Logs of G-NetTrack Pro, a drive-test logger that writes a row about every second.

Either raw, as the app writes them (tabs, ``NetworkTech``), or as published in D. Raca, D. Leahy,
C. J. Sreenan, J. J. Quinlan, "Beyond Throughput, The Next Generation: a 5G Dataset with Channel
and Context Metrics", ACM MMSys 2020 (commas, ``NetworkMode``, ``DL_bitrate``).
"""

import math
import os
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from asl_gym.traces.log import MeasuredLog, MeasuredRow
from asl_gym.traces.log_building import OUTAGE, TimedRow, UnplayableLogError, build_log
from asl_gym.traces.units import UPLINK_SHARE, nanoseconds
from asl_gym.validation.checks import one_of
from asl_gym.validation.csv_rows import plain_number, read_header, read_rows

__all__ = [
    "GNETTRACK_COLUMNS",
    "RATE_SOURCE",
    "RATE_SOURCES",
    "has_gnettrack_header",
    "read_gnettrack",
]

RATE_SOURCES = {"capacity": "an SNR or a throughput", "throughput": "a throughput"}
"""What may give a log's rates: the SNR's capacity, or the measured throughput; and its needs."""

RATE_SOURCE = "capacity"
"""The default of these."""

GNETTRACK_COLUMNS = ("Timestamp", "NetworkMode", "SNR")
MODE_COLUMNS = ("NetworkMode", "NetworkTech")
"""Names of the column of the radio technology, the first of which counts that is there."""

THROUGHPUT_COLUMN = "DL_bitrate"
"""The measured downlink throughput [kbit/s]."""

GNETTRACK_TIME_FORMAT = "%Y.%m.%d_%H.%M.%S"

NO_SERVICE = frozenset({"-", "--"})
"""Values of the technology where the phone has no service."""

NOT_MEASURED = frozenset({"", "-"})
"""Cells of SNR and throughput that hold no measurement."""

MAX_ABS_SNR_DB = 100.0
"""Bound on a plausible SNR's magnitude [dB]; far beyond what a phone reports (about ±40)."""


def has_gnettrack_header(header: Sequence[str]) -> bool:
    """Whether a file's columns are those of a G-NetTrack log."""
    return "SNR" in header and any(name in header for name in MODE_COLUMNS)


def read_gnettrack(path: str | os.PathLike[str], rates: str = RATE_SOURCE) -> MeasuredLog:
    """Read a log; columns other than Timestamp, NetworkMode, SNR and DL_bitrate are ignored.

    ``NetworkTech`` stands for NetworkMode where there is none. Timestamps look like
    2020.02.13_13.03.24; where they step back, a stretch of its own begins; of several rows of one
    second the last one counts. SNR is the downlink's [dB], within ±``MAX_ABS_SNR_DB``,
    DL_bitrate the downlink's throughput [kbit/s]. What a row plays:

    =====================================  ==========================  ==========================
    Row                                    ``"capacity"``              ``"throughput"``
    =====================================  ==========================  ==========================
    has an SNR                             SNR                         DL_bitrate, else left out
    no SNR, no service (NetworkMode '--')  outage                      outage
    no SNR, any technology (3G, also 4G)   DL_bitrate, else left out   DL_bitrate, else left out
    =====================================  ==========================  ==========================

    The uplink of a row that plays DL_bitrate is ``UPLINK_SHARE`` times that: the log's own uplink
    is but the acknowledgements of a download. A DL_bitrate of 0 is a measurement, too.

    Raises:
        TextFileError: If the file cannot be read or breaks one of these rules.
        UnplayableLogError: If no row has anything to play.
        FieldError: If ``rates`` is neither.
    """
    one_of("rates", rates, tuple(RATE_SOURCES))
    path = Path(path)
    header = read_header(path)
    mode = next((name for name in MODE_COLUMNS if name in header), MODE_COLUMNS[0])
    columns = [GNETTRACK_COLUMNS[0], mode, GNETTRACK_COLUMNS[2]]
    if THROUGHPUT_COLUMN in header:
        columns.append(THROUGHPUT_COLUMN)
    elif rates == "throughput":
        reason = f"there is no column {THROUGHPUT_COLUMN}, which rates = 'throughput' plays"
        raise UnplayableLogError(path, reason, 1)
    rows = read_rows(path, columns, partial(_parse, rates), log=True)
    return build_log(path, rows, RATE_SOURCES[rates])


def _parse(rates: str, cells: Sequence[str]) -> TimedRow:
    """Time [ns] and what the row plays, from Timestamp, mode, SNR and perhaps DL_bitrate."""
    stamp, mode, snr = cells[:3]
    try:
        time = nanoseconds(datetime.strptime(stamp, GNETTRACK_TIME_FORMAT))
    except ValueError:
        raise ValueError(f"Timestamp {stamp!r} must look like 2020.02.13_13.03.24") from None
    if snr not in NOT_MEASURED and rates == "capacity":
        return time, MeasuredRow(_snr_db(snr))
    if snr in NOT_MEASURED and mode in NO_SERVICE:
        return time, OUTAGE
    throughput = cells[3] if len(cells) > 3 else "-"
    if throughput in NOT_MEASURED:
        return time, None
    downlink_bps = 1e3 * _throughput(throughput)
    return time, MeasuredRow(math.nan, UPLINK_SHARE * downlink_bps, downlink_bps)


def _snr_db(text: str) -> float:
    value = plain_number(text)
    if not abs(value) <= MAX_ABS_SNR_DB:
        raise ValueError(f"SNR {text!r} must be a number within ±{MAX_ABS_SNR_DB:g} [dB]")
    return value


def _throughput(text: str) -> float:
    value = plain_number(text)
    if not 0.0 <= value < math.inf:
        name = THROUGHPUT_COLUMN
        raise ValueError(f"{name} {text!r} must be a finite number >= 0 [kbit/s], or '-'")
    return value
