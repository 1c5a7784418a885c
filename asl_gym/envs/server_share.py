"""Dividing the server's clock among devices that train at once."""

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.components import Server
from asl_gym.model.costs import sum_over_devices

__all__ = ["equal_share", "fitted_to_server", "total_share"]


def fitted_to_server(frequency_hz: Array, server_work: Array, server: Server) -> Array:
    """Scales what devices ask for down to what the server has.

    Where the frequencies of the devices with server work add up to more than the full clock, the
    part of each above the least clock is scaled down so that they add up to it. Devices without
    server work get the least clock, which stands for none and counts for nothing.

    Args:
        frequency_hz: What is asked for [Hz], shape (..., N), none below the least clock.
        server_work: Server work of the chosen split points [cycles], shape (..., N).
        server: Gives a device's least clock and the full clock that they share.

    Returns:
        Server frequencies [Hz], shape (..., N).
    """
    working = server_work > 0
    least = server.clock_min_hz
    above = np.where(working, frequency_hz - least, 0.0)
    room = server.clock_max_hz - least * working.sum(axis=-1)
    total = sum_over_devices(above)
    scale = room / np.maximum(total, room)
    return np.asarray(least + above * scale[..., None])


def equal_share(total_hz: Array, server_work: Array, server: Server) -> Array:
    """Divides part of the server's clock equally among the devices with server work.

    Args:
        total_hz: The part [Hz], shape (..., 1).
        server_work: Server work of the chosen split points [cycles], shape (..., N).
        server: Gives a device's least clock.

    Returns:
        Server frequencies [Hz], shape (..., N); the least clock for devices without server work.
    """
    working = server_work > 0
    share = total_hz / np.maximum(working.sum(axis=-1, keepdims=True), 1)
    return np.where(working, np.maximum(share, server.clock_min_hz), server.clock_min_hz)


def total_share(frequency_hz: Array, server_work: Array, server: Server) -> Array:
    """The part of the server's clock that is given away [Hz], shape (..., 1), > 0."""
    given = np.where(server_work > 0, frequency_hz, 0.0).sum(axis=-1, keepdims=True)
    return np.asarray(np.maximum(given, server.clock_min_hz))
