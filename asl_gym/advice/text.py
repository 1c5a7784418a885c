"""The advice in words and tables."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from asl_gym.advice.answers import Answer, RateRange
from asl_gym.advice.findings import Findings
from asl_gym.arrays import Array
from asl_gym.model.radio import Link
from asl_gym.model.timings import SideTimings

__all__ = ["cut_label", "table_of_cuts", "told", "told_rate"]

MOST_ROWS = 12
"""Rows of a kind's table of cuts."""

COLUMNS = (
    *("split", "layer", "delay [s]", "down", "device", "up", "server"),
    *("device [J]", "server [J]"),
)
"""A delay is the sum of the four columns behind it."""


def told(found: Findings) -> str:
    """The answer as text, kind by kind."""
    parts = ["\n".join(_question(found))]
    for count, kind in found.devices:
        parts.append("\n".join(_kind(found, found.answers[kind.name], count)))
    return "\n\n".join(parts) + "\n"


def _question(found: Findings) -> Iterator[str]:
    scenario, profile = found.scenario, found.profile
    workload = scenario.workload
    samples = workload.samples_per_round
    batch = min(workload.batch_size or samples, samples)
    in_turn = scenario.schedule == "sequential"
    turn = "in turn" if in_turn else "at once, each with its share of link and server"
    clock = "its full clock" if in_turn else "an equal share of its full clock"
    yield (
        f"{profile.name}: {profile.num_layers + 1} cuts, from the raw data to the whole network, "
        f"{profile.training_flops[-1] / 1e9:.3g} GFLOP a sample to train, "
        f"{profile.parameter_bits[-1] / 8e6:.3g} MB of parameters"
    )
    yield (
        f"A round: {samples} samples a device in batches of {batch}, devices {turn};\n"
        f"link {told_link(found)}; server {found.server.name} at {clock}"
    )


def told_link(found: Findings) -> str:
    """The link's rates in words."""
    channel = found.scenario.radio
    if not isinstance(channel, Link):
        return "a cellular radio at its median rates"
    up, down = channel.uplink_bps, channel.downlink_bps
    rates = told_rate(up) if up == down else f"{told_rate(up)} up, {told_rate(down)} down"
    return f"{rates} ±{100 * channel.variation:g}%" if channel.variation else rates


def told_rate(bps: float) -> str:
    """A rate to three significant figures, in the unit that suits it."""
    rounded = float(f"{bps:.3g}")
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if rounded >= size:
            return f"{rounded / size:g} {unit}"
    return f"{rounded:g} bit/s"


def cut_label(answer: Answer, place: int) -> str:
    """A cut by its layer, and what it means at either end."""
    name = answer.costs.names[place]
    if place == answer.server_only:
        return f"{name!r} (server only: raw data is sent)"
    if place == answer.device_only:
        return f"{name!r} (device only)"
    return f"after {name!r}"


def _kind(found: Findings, answer: Answer, count: int) -> Iterator[str]:
    yield f"{count} x {answer.costs.kind}{_measured(found, answer.costs.kind)}"
    if answer.one_cut:
        yield (
            f"  Cut {cut_label(answer, answer.fastest)}, whatever happens: of the cuts that may "
            "be chosen\n  it is fastest at every rate of the link, and takes the least energy."
        )
    yield from _lines(answer)
    if better := _raw_data_would(answer):
        yield ""
        yield f"  Sending the raw data would {better}; raw_data (--raw-data) makes it an answer."
    yield ""
    yield "  Cuts that no other beats in delay and energy, and both ends (--out writes all):"
    yield ""
    yield _indented(table_of_cuts(answer))
    yield ""
    yield from _over_rates(found, answer)


def _raw_data_would(answer: Answer) -> str:
    """What sending the raw data, where it may not be chosen, would do better than every cut."""
    faster, thriftier = answer.raw_data_is_faster, answer.raw_data_is_thriftier
    told = ["be faster"] * faster + ["take less of the device's energy"] * thriftier
    return " and ".join(told)


def _measured(found: Findings, kind: str) -> str:
    """What of a kind's times was measured, in words."""
    for own in found.scenario.per_kind:
        if own.kind == kind and own.timings is not None:
            sides = "device" if isinstance(own.timings, SideTimings) else "device and server"
            return f", times of {sides} as measured"
    return ""


def _lines(answer: Answer) -> Iterator[str]:
    within = f"within {answer.budget_j:.4g} J a round"
    best = [
        ("least delay", answer.fastest),
        ("least device energy", answer.thriftiest),
        (within, answer.within_budget),
    ]
    rows = []
    for what, place in best:
        delay, energy = answer.costs.delay[place], answer.costs.device_energy[place]
        savings = [_saving(answer, place, end) for end in (answer.device_only, answer.server_only)]
        figures = f"{delay:.4g} s", f"{energy:.4g} J"
        rows.append([what, cut_label(answer, place), *figures, *savings])
    headers = ["for", "cut", "delay", "energy", "device only", "server only"]
    yield "  Best cuts, by the device's own energy (a budget is a mean over rounds); the last two"
    yield "  columns are delay and energy against computing all on the device or on the server."
    yield ""
    yield _indented(tabulate(rows, headers, disable_numparse=True))


def _saving(answer: Answer, place: int, other: int | None) -> str:
    if place == other:
        return "the same"
    saved = answer.saved(place, other)
    if saved is None:
        return "–"
    delay, energy = (f"{-share:+.0%}" for share in saved)
    return f"{delay}, {energy}"


def table_of_cuts(answer: Answer) -> str:
    """The cuts that no other beats in delay and device energy, the answers, and both ends."""
    places = _worth_a_look(answer)
    costs = answer.costs
    rows: list[list[Any]] = [
        [
            str(costs.splits[place]),
            costs.names[place],
            *(f"{value:.4g}" for value in (costs.delay[place], *costs.parts[:, place])),
            f"{costs.device_energy[place]:.4g}",
            f"{costs.server_energy[place]:.4g}",
        ]
        for place in places
    ]
    align = "right", "left", *7 * ("right",)
    return str(tabulate(rows, COLUMNS, disable_numparse=True, colalign=align))


def _worth_a_look(answer: Answer) -> Sequence[int]:
    delay, energy = answer.costs.delay, answer.costs.device_energy
    admitted = np.flatnonzero(answer.admitted)
    by_delay = admitted[np.lexsort((energy[admitted], delay[admitted]))]
    front = [int(p) for p in by_delay[_falls(energy[by_delay])]]
    named = [answer.fastest, answer.thriftiest, answer.within_budget]
    ends = [place for place in (answer.device_only, answer.server_only) if place is not None]
    step = -(-len(front) // MOST_ROWS)
    return sorted({*front[::step], *named, *ends})


def _falls(values: Array) -> Array:
    """Where a value is below all before it."""
    before = np.minimum.accumulate(np.concatenate([[np.inf], values[:-1]]))
    return np.asarray(values < before)


def _over_rates(found: Findings, answer: Answer) -> Iterator[str]:
    if len(answer.over_rates) == 1:
        yield f"  At any rate of the link the fastest cut is {cut_label(answer, answer.fastest)}."
        return
    rows = [[told_range(found, each), cut_label(answer, each.place)] for each in answer.over_rates]
    headers = ["at an uplink rate (downlink alike) of", "fastest cut"]
    yield _indented(tabulate(rows, headers, disable_numparse=True))


def told_range(found: Findings, each: RateRange) -> str:
    """A range of uplink rates in words; the downlink's goes with it."""
    stated = found.uplink_bps
    if each.low == 0:
        return f"up to {told_rate(each.high * stated)}"
    if np.isinf(each.high):
        return f"{told_rate(each.low * stated)} and more"
    return f"{told_rate(each.low * stated)} to {told_rate(each.high * stated)}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
