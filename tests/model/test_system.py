"""What one device has of a system, in turn and at once."""

import dataclasses

import numpy as np
import pytest

from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.radio import Radio
from asl_gym.model.system import System
from tests.model.test_costs import PROFILE

FLEET = Fleet((1e9,) * 4, (2.0,) * 4, (1e-27,) * 4, (0.5,) * 4, (100.0,) * 4, 1.0)
RADIO = Radio(8e6, 2.0, -174.0, 9.0, 128.1, 37.6, 8.0, 0.5, "none", 1e4, 8.0)
PARTS = {
    "fleet": FLEET,
    "server": Server(1e8, 4e9, 4.0, 1e-28),
    "radio": RADIO,
    "workload": Workload(PROFILE, 10),
}
DELAYS = np.array([[1.0, 2.0, 4.0, 3.0], [8.0, 5.0, 6.0, 7.0], [0.0, 1.0, 0.5, 0.25]])


def test_in_turn_each_device_has_everything_and_the_round_takes_as_long_as_all() -> None:
    system = System(**PARTS)  # type: ignore[arg-type]
    assert system.device_server == system.server
    assert system.device_radio == system.radio
    np.testing.assert_array_equal(system.round_delay(DELAYS), [10.0, 26.0, 1.75])


def test_at_once_devices_share_and_the_round_takes_as_long_as_the_slowest() -> None:
    system = System(**PARTS, schedule="parallel")  # type: ignore[arg-type]
    assert system.device_server == dataclasses.replace(system.server, clock_min_hz=1e6)
    expected = dataclasses.replace(RADIO, bandwidth_hz=2e6, rate_floor_bps=2.5e3)
    assert system.device_radio == expected
    np.testing.assert_array_equal(system.round_delay(DELAYS), [4.0, 8.0, 1.0])
    assert system.round_delay(DELAYS[0]) == 4.0


def test_the_parts_are_told_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        System(*PARTS.values())
