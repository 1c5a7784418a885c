"""Each device's best options in all rounds for given multipliers, as means over the rounds.

The pass over a trace that a frontier with a budget a device is made of: compiled, without arrays
of the options' size.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import compiled
from asl_gym.model.costs import Options

__all__ = ["OptionTables", "add_cheapest", "option_tables"]


class OptionTables(NamedTuple):
    """Costs of all options of R rounds, rounds last so that neighbours in memory go together.

    Attributes:
        fixed_delay: Delay without the server's computing [s], shape (N, L, R).
        device_energy: Energy of the device [J], shape (N, L, R).
        fixed_server_energy: Energy of the server side without computing [J], shape (N, L, R).
        server_work: Server work [cycles], shape (N, L).
    """

    fixed_delay: Array
    device_energy: Array
    fixed_server_energy: Array
    server_work: Array


def option_tables(options: Options) -> OptionTables:
    """The tables of options with arrays of shape (R, N, L)."""
    each = options.fixed_delay, options.device_energy, options.fixed_server_energy
    work = np.broadcast_to(options.server_work, options.fixed_delay.shape[1:])
    delay, on_device, on_server = (
        np.array(values.transpose(1, 2, 0), order="C") for values in each
    )
    return OptionTables(delay, on_device, on_server, np.array(work))


@compiled
def add_cheapest(
    tables: OptionTables,
    work_delay: Array,
    work_energy: Array,
    multipliers: Array,
    server_multiplier: float,
    sums: Array,
) -> None:
    """Adds up, over rounds, the option of least delay + λ_n·e_n + λ_s·e_s of each device.

    Ties go to less of the device's energy.

    Args:
        tables: The options.
        work_delay: The server's computing time w/f of each option [s], shape (N, L).
        work_energy: Its energy κ_s w f² [J], shape (N, L).
        multipliers: λ_n of each device [s/J], shape (N,); negative ones are left out.
        server_multiplier: λ_s [s/J].
        sums: The sums of least values [s], of device energies [J] and of server side's energies
            [J] are added here, shape (3, N).
    """
    devices, options, rounds = tables.fixed_delay.shape
    least, on_device, on_server = np.zeros(rounds), np.zeros(rounds), np.zeros(rounds)
    for n in range(devices):
        price = multipliers[n]
        if price < 0.0:
            continue
        least[:] = np.inf
        for o in range(options):
            delay, computing = work_delay[n, o], work_energy[n, o]
            a, e = tables.fixed_delay[n, o], tables.device_energy[n, o]
            b = tables.fixed_server_energy[n, o]
            for t in range(rounds):
                server = b[t] + computing
                value = (a[t] + delay) + price * e[t] + server_multiplier * server
                better = value < least[t] or (value == least[t] and e[t] < on_device[t])
                least[t] = value if better else least[t]
                on_device[t] = e[t] if better else on_device[t]
                on_server[t] = server if better else on_server[t]
        for t in range(rounds):
            sums[0, n] += least[t]
            sums[1, n] += on_device[t]
            sums[2, n] += on_server[t]
