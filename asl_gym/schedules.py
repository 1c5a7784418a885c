"""Schedules: how devices share a round, and the exact solver that belongs to each.

``sequential`` is vanilla split learning: devices train in turn, each has the whole bandwidth and
the whole server while it does, and the round lasts as long as all of them together.

``parallel`` is the way of split-federated learning, synchronous: all devices train at once, each
in its share B/N of the bandwidth, the server's clock is divided among them, and the round lasts as
long as its slowest device. The base station sends to each with its full power, and the rate
floor, like the cap, goes with the bandwidth.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.components import Radio, Server
from asl_gym.costs import Options, sum_over_devices
from asl_gym.solver import Decision, optimal_frequency, price_sequential, solve_sequential

__all__ = ["LEAST_SHARE", "SCHEDULES", "Schedule"]

LEAST_SHARE = 1e-3
"""Least clock of a device in the parallel schedule, as a share of f_max/N."""


@dataclass(frozen=True)
class Schedule:
    """A way of running the devices of a round.

    Attributes:
        name: The scenario's word for it.
        round_delay: From the devices' delays [s], shape (..., N), to the round's, shape (...).
        solve: The solver of the per-round problem, with the server that :attr:`device_server`
            gives.
        price: The solver's upper layer alone, the least objective of given splits (..., K, N).
        allocate: The upper layer's frequencies: from the chosen splits' options (..., N), server, V
            and weight on the server's energy (...) to the best server frequencies [Hz], shape
            (..., N), or (..., 1) where all devices have the same.
        device_server: The server as one of N devices meets it: its least and full clock.
        device_radio: The channel that one of N devices has.
        shares_server: Whether the devices' frequencies add up to at most the server's full clock.
    """

    name: str
    round_delay: Callable[[Array], Array]
    solve: Callable[[Options, Server, float | Array, Array, Array], Decision]
    price: Callable[[Options, Server, float | Array, Array, Array, Splits], Array]
    allocate: Callable[[Options, Server, float | Array, Array], Array]
    device_server: Callable[[Server, int], Server]
    device_radio: Callable[[Radio, int], Radio]
    shares_server: bool


def _same_for_all(chosen: Options, server: Server, V: float | Array, server_weight: Array) -> Array:
    return optimal_frequency(V, server_weight, server)[..., None]


def _slowest(delays: Array) -> Array:
    return np.asarray(delays.max(axis=-1))


def _solve_parallel(
    options: Options, server: Server, V: float | Array, device_weight: Array, server_weight: Array
) -> Decision:
    # Here because loading what compiles it takes a second that only this schedule should cost.
    from asl_gym.parallel.solver import solve_parallel

    return solve_parallel(options, server, V, device_weight, server_weight)


def _price_parallel(
    options: Options,
    server: Server,
    V: float | Array,
    device_weight: Array,
    server_weight: Array,
    split_index: Splits,
) -> Array:
    from asl_gym.parallel.solver import price_parallel

    return price_parallel(options, server, V, device_weight, server_weight, split_index)


def _allocate_parallel(
    chosen: Options, server: Server, V: float | Array, server_weight: Array
) -> Array:
    from asl_gym.parallel.solver import allocate_parallel

    return allocate_parallel(chosen, server, V, server_weight)


def _part_of_server(server: Server, num_devices: int) -> Server:
    least = LEAST_SHARE * server.clock_max_hz / num_devices
    return dataclasses.replace(server, clock_min_hz=least)


def _part_of_bandwidth(radio: Radio, num_devices: int) -> Radio:
    return dataclasses.replace(
        radio,
        bandwidth_hz=radio.bandwidth_hz / num_devices,
        rate_floor_bps=radio.rate_floor_bps / num_devices,
    )


SCHEDULES = {
    schedule.name: schedule
    for schedule in (
        Schedule(
            name="sequential",
            round_delay=sum_over_devices,
            solve=solve_sequential,
            price=price_sequential,
            allocate=_same_for_all,
            device_server=lambda server, num_devices: server,
            device_radio=lambda radio, num_devices: radio,
            shares_server=False,
        ),
        Schedule(
            name="parallel",
            round_delay=_slowest,
            solve=_solve_parallel,
            price=_price_parallel,
            allocate=_allocate_parallel,
            device_server=_part_of_server,
            device_radio=_part_of_bandwidth,
            shares_server=True,
        ),
    )
}
"""The schedules by name."""
