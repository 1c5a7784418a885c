"""A round of devices on batteries as one compiled call, after :mod:`asl_gym.envs.kernel`.

The costs of the decided splits are the kernel's own; what is added is what batteries lack, hold and
get. Steps have the arguments of :mod:`asl_gym.envs.steps` and, before those of their own, these:

    ======= ==================================================================================
    memory  the batteries' numbers (:mod:`asl_gym.envs.batteries.memory`), which are changed
    weather harvests [J] and skies of prepared rounds, shape (2, rounds·B·N)
    charged to be filled in: what batteries hold after the round [J], its harvests [J], waits [s]
            and, in the last round, the time of charging [s], shape (4·B·N,)
    ======= ==================================================================================
"""

import numpy as np

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.batteries.memory import Store, store_of
from asl_gym.envs.batteries.observing import observe_batteries
from asl_gym.envs.decoding import decide_indices
from asl_gym.envs.kernel import (
    BitsAndWork,
    Played,
    columns_of,
    costs_of,
    play_rows,
    played_of,
)
from asl_gym.envs.memory import (
    Carried,
    Constants,
    Sizes,
    carried_of,
    constants_of,
    counts_of,
    points_of,
    sizes_of,
    stride_of,
)
from asl_gym.model.batteries import (
    lane_charge_after,
    lane_end_charge,
    lane_priced_delay,
    lane_wait,
)
from asl_gym.model.option_costs import BitCosts, OptionFigures, fixed_costs, fixed_delay
from asl_gym.traces.elementary import exp

__all__ = ["CHARGED", "LN_LEAST_PRICE", "step_indices", "step_prices"]

CHARGED = 4
"""Figures of each device: battery after the round [J], harvest [J], wait [s], end charge [s]."""

LN_LEAST_PRICE = float(np.log(1e-3))
"""Of the price that −1 stands for, in 1/ϖ; 1 stands for 1/ϖ itself."""


@inlined
def _charge_rows(
    z: Sizes,
    k: Constants,
    s: Store,
    costs: BitsAndWork,
    harvest: Array,
    last: bool,
    carried: Carried,
    played: Played,
    charged: Array,
) -> None:
    """Adds what batteries do to a round that :func:`play_rows` has played.

    Args:
        z: Sizes.
        k: Constants.
        s: Batteries, whose charges are updated.
        costs: What bits and work cost.
        harvest: What is harvested [J], shape (B·N,).
        last: Whether it is the episode's last round.
        carried: Sums over the episode, which are updated.
        played: Its delays get the waits, and rewards are filled in.
        charged: Filled, shape (4·B·N,).
    """
    stride, lanes = stride_of(z), z.rows * z.devices
    for b in range(z.rows):
        delay = reward = 0.0
        for n in range(z.devices):
            lane = b * z.devices + n
            least = np.inf
            for o in range(z.options):
                i = n * stride + o
                fixed = fixed_delay(
                    OptionFigures(k.up[i], k.down[i], k.work[i], k.server_seconds[i]),
                    costs.uplink_delay[lane],
                    costs.downlink_delay[lane],
                    costs.work_delay[lane],
                )
                least = min(least, k.server_work[i] / k.full_clock + fixed)
            energy, before = played.device_energy[lane], s.charges[lane]
            waited = lane_wait(energy, before, s.trickle_power)
            after = lane_charge_after(before, energy, harvest[lane], s.capacities[n])
            end = lane_end_charge(s.initial[n], after, s.trickle_power) if last else 0.0
            total = played.device_delay[lane] + waited + end
            s.charges[lane] = after
            charged[lane], charged[lanes + lane] = after, harvest[lane]
            charged[2 * lanes + lane], charged[3 * lanes + lane] = waited, end
            share = s.units[n] * (total - s.over_least * least)
            played.device_delay[lane], played.device_reward[lane] = total, share
            delay += total
            reward += share
        played.delay[b], played.reward[b] = delay, reward
        carried.total_delay[b] += delay
        carried.total_energy[b] += played.energy[b]


@inlined
def _decide_prices(
    z: Sizes,
    k: Constants,
    s: Store,
    told: BitsAndWork,
    harvest: Array,
    action: Array,
    played: Played,
) -> bool:
    """Takes each device's cheapest option at its price of a joule; whether all lie in the space.

    Ties go to less energy, then to the lower index.

    Args:
        z: Sizes.
        k: Constants.
        s: Batteries.
        told: What bits and work cost as the controller is told.
        harvest: What is harvested [J], shape (B·N,).
        action: Shape (B·N,), see :class:`asl_gym.envs.batteries.views.PriceView`.
        played: The split indices are filled in.
    """
    for i in range(action.size):
        # Written so that NaN fails.
        if not -1.0 <= action[i] <= 1.0:
            return False
    stride = stride_of(z)
    for lane in range(action.size):
        n, charge = lane % z.devices, s.charges[lane]
        price = exp(0.5 * (1.0 - action[lane]) * LN_LEAST_PRICE) / s.trickle_power
        least = spent = np.inf
        for o in range(z.options):
            i = n * stride + o
            fixed, energy, _ = fixed_costs(
                OptionFigures(k.up[i], k.down[i], k.work[i], k.server_seconds[i]),
                BitCosts(k.sending[n], k.receiving[n], k.base_station_power, k.server_power),
                told.uplink_delay[lane],
                told.downlink_delay[lane],
                told.work_delay[lane],
                told.work_energy[lane],
            )
            delay = k.server_work[i] / k.full_clock + fixed
            delay += lane_wait(energy, charge, s.trickle_power)
            kept = lane_charge_after(charge, energy, harvest[lane], s.capacities[n])
            cost = lane_priced_delay(delay, kept, price)
            if cost < least or (cost == least and energy < spent):
                least, spent = cost, energy
                played.split_index[lane] = o
    return True


@inlined
def _play_and_observe(
    sizes: Indices,
    parts: tuple[Sizes, Constants, Carried, Played, Store],
    window: Array,
    weather: Array,
    now: int,
    following: int,
    left: float,
    charged: Array,
    result: Float32,
) -> None:
    """Plays the round whose splits are filled in, if any, and observes the one that follows."""
    z, k, carried, played, s = parts
    lanes = z.rows * z.devices
    if now >= 0:
        costs, harvest = (
            costs_of(z, window, now, False),
            weather[0, now * lanes : now * lanes + lanes],
        )
        for lane in range(lanes):
            played.frequency[lane] = k.full_clock
        play_rows(z, k, points_of(sizes), costs, played)
        _charge_rows(z, k, s, costs, harvest, left <= 0.0, carried, played, charged)
    # After the last round, its own is shown once more.
    t = min(int((1.0 - left) * s.horizon + 0.5), int(s.horizon) - 1) % s.day
    shown = following * lanes
    harvest, cloud = weather[0, shown : shown + lanes], weather[1, shown : shown + lanes]
    hour = left, s.sines[t], s.cosines[t]
    observe_batteries(z, s, columns_of(z, window, following), harvest, cloud, hour, result)


@compiled
def step_indices(
    sizes: Indices,
    constants: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    memory: Array,
    weather: Array,
    charged: Array,
    action: Indices,
) -> bool:
    """A step of split indices, shape (B·N,)."""
    z = sizes_of(sizes)
    k, carried = constants_of(constants, z), carried_of(constants, z)
    played, s = played_of(z, figures, chosen), store_of(memory, z)
    if now >= 0 and not decide_indices(z, counts_of(sizes), action, played):
        return False
    parts = z, k, carried, played, s
    _play_and_observe(sizes, parts, window, weather, now, following, left, charged, result)
    return True


@compiled
def step_prices(
    sizes: Indices,
    constants: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    memory: Array,
    weather: Array,
    charged: Array,
    action: Array,
) -> bool:
    """A step of the view ``price``; an action has shape (B·N,)."""
    z = sizes_of(sizes)
    k, carried = constants_of(constants, z), carried_of(constants, z)
    played, s = played_of(z, figures, chosen), store_of(memory, z)
    if now >= 0:
        told, start = costs_of(z, window, now, True), now * z.rows * z.devices
        harvest = weather[0, start : start + z.rows * z.devices]
        if not _decide_prices(z, k, s, told, harvest, action, played):
            return False
    parts = z, k, carried, played, s
    _play_and_observe(sizes, parts, window, weather, now, following, left, charged, result)
    return True
