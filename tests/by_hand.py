"""The equations of bits and times written out for one device and one split point."""

import math

from asl_gym.model.system import System
from asl_gym.model.timings import Timings

__all__ = ["bits_by_hand", "seconds_by_hand"]


def bits_by_hand(system: System, device: int, split: int) -> tuple[float, float]:
    """Bits that a round moves up and down."""
    workload = system.workload_of(device)
    profile, samples = workload.profile, workload.samples_per_round
    if split == profile.num_layers:
        return profile.parameter_bits[split], profile.parameter_bits[split]
    crossing = profile.activation_bits[split], profile.downlink_bits[split]
    up, down = (profile.parameter_bits[split] + samples * each for each in crossing)
    return up, down


def seconds_by_hand(system: System, device: int, split: int) -> tuple[float, float]:
    """Computing times of the device at its full clock and of the server at its full clock [s]."""
    fleet, server, workload = system.fleet, system.server, system.workload_of(device)
    profile, samples = workload.profile, workload.samples_per_round
    kind = None if fleet.kind is None else fleet.kind[device]
    tables = {own.kind: own.timings for own in system.per_kind if own.timings is not None}
    if kind in tables:
        table = tables[kind]
        assert isinstance(table, Timings)
        place, batches = table.cuts.index(profile.cut_names[split]), samples / table.samples
        return batches * table.device_s[place], batches * table.server_s[place]
    c = profile.training_flops
    speed = fleet.flops_per_cycle[device] * fleet.clock_hz[device]
    on_device = samples * c[split] / speed
    on_server = samples * (c[-1] - c[split]) / (server.flops_per_cycle * server.clock_max_hz)
    batches = math.ceil(samples / (workload.batch_size or samples))

    def moved(layers: int) -> float:
        assert profile.activation_bytes is not None
        assert profile.weight_bytes is not None
        return samples * profile.activation_bytes[layers] + batches * profile.weight_bytes[layers]

    if fleet.memory_bytes_per_s is not None:
        on_device += moved(split) / fleet.memory_bytes_per_s[device]
    if fleet.operator_s is not None:
        assert profile.operators is not None
        on_device += batches * profile.operators[split] * fleet.operator_s[device]
    if server.memory_bytes_per_s is not None:
        on_server += (moved(profile.num_layers) - moved(split)) / server.memory_bytes_per_s
    if server.operator_s is not None:
        assert profile.operators is not None
        on_server += (
            batches * (profile.operators[-1] - profile.operators[split]) * server.operator_s
        )
    return on_device, on_server
