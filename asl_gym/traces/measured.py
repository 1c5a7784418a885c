"""Traces from files: measured rates in the place of the channel model.

Either logs, whose downlink SNR becomes rates by the scenario's radio or whose throughput is played
as it is, or one plain table of rates. What files don't tell, the devices' clocks, is drawn by the
fleet's law.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from asl_gym.model.system import System
from asl_gym.traces.columns import Columns
from asl_gym.traces.files import Paths, are_gnettrack, trace_files
from asl_gym.traces.log_options import LogOptions
from asl_gym.traces.log_rates import LogRates
from asl_gym.traces.synthetic import draw_clocks
from asl_gym.traces.table_rates import TableRates
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import whole_number

__all__ = ["MeasuredTraces", "Paths"]


class MeasuredTraces:
    """A ``TraceSource`` that plays files, from a random start in each trace.

    **Logs**, of G-NetTrack or of columns that are stated. Device n plays log n mod M of the M logs
    that are long enough; a notice names those that are not when an episode's length is known, at
    the first draw. Devices that share a log play it from different starts, drawn without
    replacement, though their rounds may overlap; a notice says so at construction. Where a row
    has an SNR, the uplink's is the downlink's plus 10·log₁₀(p_n/p_bs) dB, and the rates are the
    capacity of the device's bandwidth. A measured throughput is that of the whole bandwidth, of
    which a device in the parallel schedule has B/N, so it has 1/N of it; the direction that was
    not measured follows by :data:`asl_gym.traces.units.UPLINK_SHARE`. A row without service is
    an outage and gives the rate floor, which lower throughputs are raised to; higher ones than
    the cap are measured and stay. Which rows play what:
    :func:`asl_gym.traces.gnettrack.read_gnettrack`. A log whose SNR is 0 dB throughout, which
    some phones write for want of one, is left out with a notice.

    **One rate table**, of the scenario's number of devices, which all have the same start. Rates
    are what each device has in its round, in either schedule. Those below the floor, 0 among
    them, are raised to it; rates above the cap are measured and stay.

    Notices are warnings. They also tell what looks like a wrong unit.

    Args:
        system: Gives the devices and the radio; a scenario is one.
        paths: A directory, a sequence of files, or one file, see
            :func:`asl_gym.traces.files.trace_files`.
        seconds_per_round: Duration of a round [s], by which logs are sampled and held; ``None``
            makes each row of a log a round.
        rates: What gives the rates of G-NetTrack logs: ``"capacity"`` (the SNR's, the default) or
            ``"throughput"`` (measured, for logs of tests that saturate the link).
        columns: The columns of logs of another format.
        stitch: Whether to play all logs, in the order given, as one long log.

    Attributes:
        files: The files.

    Raises:
        TextFileError: If a file cannot be read, files are of different formats, no log can be
            played, or there is more than one rate table or one of another number of devices.
        FieldError: If ``paths`` is empty or repeats a file, or an option is not allowed or is
            given for a rate table.
    """

    def __init__(
        self,
        system: System,
        paths: Paths,
        seconds_per_round: float | None = None,
        *,
        rates: str | None = None,
        columns: Columns | None = None,
        stitch: bool = False,
    ) -> None:
        self.fleet, self.radio = system.fleet, system.radio
        options = LogOptions(seconds_per_round, rates, columns, stitch)
        self.files = trace_files(paths, columns)
        kind = LogRates if columns is not None or are_gnettrack(self.files) else TableRates
        self._source = kind(self.files, system, options)
        self._told: set[int] = set()
        for notice in self._source.notices:
            warnings.warn(notice, stacklevel=2)

    def describe(self, rounds: int | None = None) -> str:
        """Returns what is played, for people: a line a file below a heading.

        Args:
            rounds: Rounds of a trace; if given, logs that are too short for it are told.
        """
        return "\n".join(self._source.description(rounds))

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, see :class:`asl_gym.traces.synthetic.TraceSource`.

        Each generator gives its trace's starts first, then its device clocks. ``reuse`` is left
        alone. The first draw of so many rounds tells which logs are too short for it.

        Raises:
            TextFileError: If the table, or every log, is too short for so many rounds.
        """
        rounds = whole_number("rounds", rounds, 1)
        uplink, downlink = self._source.draw(generators, rounds)
        if rounds not in self._told:
            self._told.add(rounds)
            for notice in self._source.notices_of(rounds):
                warnings.warn(notice, stacklevel=2)
        clock = draw_clocks(self.fleet, generators, rounds)
        return Trace(uplink, downlink, clock, check=False)
