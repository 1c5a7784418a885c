"""What renderers are shown of a simulation, row by row."""

from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym.envs import rendering
from asl_gym.envs.kernel import (
    DELAY,
    DEVICE_ENERGY,
    ENERGY,
    FREQUENCY,
    SERVER_ENERGY,
    SPLIT,
    SPLIT_INDEX,
)
from asl_gym.envs.simulation import Simulation

__all__ = ["render_rows", "round_view"]


def render_rows(
    simulation: Simulation, render_mode: str | None, num_rows: int
) -> tuple[Any, ...] | None:
    """Renders the last round of the first rows; ``None``, with a warning, without a mode."""
    if render_mode is None:
        gym.logger.warn("render() needs render_mode='ansi' or 'rgb_array' at construction.")
        return None
    draw = rendering.render_ansi if render_mode == "ansi" else rendering.render_rgb
    return tuple(draw(round_view(simulation, row)) for row in range(num_rows))


def round_view(simulation: Simulation, row: int) -> rendering.RoundView:
    """What a renderer shows of one row."""
    scenario = simulation.scenario
    return rendering.RoundView(
        round_index=simulation.round_index,
        horizon=scenario.horizon,
        layer_names=tuple(
            scenario.workload_of(n).profile.layer_names for n in range(scenario.num_devices)
        ),
        queue=simulation.queue[row],
        energy_budgets=np.empty(0) if scenario.batteries is not None else scenario.energy_budgets,
        schedule=scenario.schedule,
        num_devices=scenario.num_devices,
        played=_played_round(simulation, row),
        **_batteries(simulation, row),
    )


def _batteries(simulation: Simulation, row: int) -> dict[str, Any]:
    """What batteries hold and can hold, where there are any."""
    scenario = simulation.scenario
    if scenario.batteries is None:
        return {}
    capacity = scenario.batteries.capacities(scenario.fastest_energies)
    return {"battery": simulation.battery[row], "capacity": capacity}


def _played_round(simulation: Simulation, row: int) -> rendering.PlayedRound | None:
    record, played = simulation.last, simulation.round_index
    if record is None:
        return None
    trace = simulation.trace
    of_devices, of_rows, chosen = simulation.parts_of(record)
    rounds, model = slice(played - 1, played), simulation.scenario.cost_model
    unit = model.unit_costs(*trace.real(rounds), *trace.factors(rounds)).at((row, 0))
    split_index, frequency = chosen[SPLIT_INDEX, row], of_devices[FREQUENCY, row]
    mean_delay, mean_energy = simulation.totals[:, row] / played
    return rendering.PlayedRound(
        split=chosen[SPLIT, row],
        **model.delay_parts(split_index, frequency, unit),
        device_energy=of_devices[DEVICE_ENERGY, row],
        server_energy=float(of_rows[SERVER_ENERGY, row]),
        server_frequency_hz=frequency,
        uplink_bps=trace.uplink_bps[row, played - 1],
        downlink_bps=trace.downlink_bps[row, played - 1],
        delay=float(of_rows[DELAY, row]),
        energy=float(of_rows[ENERGY, row]),
        mean_delay=float(mean_delay),
        mean_energy=float(mean_energy),
        **simulation.shown_charging(row),
    )
