"""What one option of one device costs, number by number, for compiled loops.

The same formulas as :mod:`asl_gym.model.costs` has for whole arrays.
"""

from typing import NamedTuple

from asl_gym.compiling import inlined

__all__ = ["BitCosts", "OptionFigures", "fixed_costs", "fixed_delay", "queue_after", "work_costs"]


class OptionFigures(NamedTuple):
    """What a split point moves and computes, see :class:`asl_gym.model.split_tables.SplitTables`.

    Attributes:
        up: Bits up.
        down: Bits down.
        work: Work of the device.
        seconds: Time of the server that no clock changes [s].
    """

    up: float
    down: float
    work: float
    seconds: float


class BitCosts(NamedTuple):
    """What a second of sending and receiving, and of the server's full clock, draws [W].

    Attributes:
        sending: The device while it sends.
        receiving: The device while it receives.
        base_station: The base station while it sends.
        server: The server at its full clock.
    """

    sending: float
    receiving: float
    base_station: float
    server: float


@inlined
def work_costs(cycles: float, energy: float, clock: float, powered: bool) -> tuple[float, float]:
    """Seconds and joules that a unit of a device's work takes.

    Args:
        cycles: Cycles in a unit of work.
        energy: The device's power [W] where powers were measured, else κ times the cycles [J/Hz²].
        clock: The clock available now [Hz].
        powered: Whether powers were measured.
    """
    delay = cycles / clock
    return delay, energy * delay if powered else energy * (clock * clock)


@inlined
def fixed_delay(
    figures: OptionFigures, uplink_delay: float, downlink_delay: float, work_delay: float
) -> float:
    """Fixed delay a [s]; arguments as for :func:`fixed_costs`."""
    moving = figures.up * uplink_delay + figures.down * downlink_delay
    return moving + figures.work * work_delay + figures.seconds


@inlined
def fixed_costs(
    figures: OptionFigures,
    powers: BitCosts,
    uplink_delay: float,
    downlink_delay: float,
    work_delay: float,
    work_energy: float,
) -> tuple[float, float, float]:
    """Fixed delay a [s], energy of the device and fixed energy of the server side [J].

    Args:
        figures: What the split point moves and computes.
        powers: What moving it draws.
        uplink_delay: Seconds a bit takes up.
        downlink_delay: Seconds a bit takes down.
        work_delay: Seconds a unit of work takes.
        work_energy: Joules a unit of work takes.
    """
    sending, receiving = figures.up * uplink_delay, figures.down * downlink_delay
    delay = fixed_delay(figures, uplink_delay, downlink_delay, work_delay)
    device = figures.work * work_energy + powers.sending * sending + powers.receiving * receiving
    return delay, device, powers.base_station * receiving + powers.server * figures.seconds


@inlined
def queue_after(queue: float, energy: float, budget: float) -> float:
    """Q(t+1) = max(Q(t) + E(t) − Ē, 0) [J], the virtual queue's update."""
    return max(queue + energy - budget, 0.0)
