"""The observation with a row a device."""

import numpy as np
import pytest
from hypothesis import given

from asl_gym import ASLEnv, ASLVectorEnv, Knowledge, Scenario, preset
from asl_gym.envs.codec import Observation
from asl_gym.envs.observations import DEVICE_COLUMNS, DevicesCodec, ObservationCodec
from asl_gym.scoring.fitting import observation_view_of
from asl_gym.validation.checks import FieldError
from tests.strategies import scenarios, seeds


@given(scenarios(), seeds)
def test_decodes_to_what_the_flat_view_does(scenario: Scenario, seed: int) -> None:
    scenario = scenario.replace(knowledge=Knowledge(parameter_error=2.0))
    flat = ASLEnv(scenario, action_view="split")
    rows = ASLEnv(scenario, action_view="split", observation="devices")
    shown = [env.reset(seed=seed)[0] for env in (flat, rows)]
    action = np.zeros(scenario.num_devices, dtype=int)
    for t in range(scenario.horizon):
        decoded = [env.codec.decode(o) for env, o in zip((flat, rows), shown, strict=True)]
        for name, a, b in zip(decoded[0]._fields, *decoded, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-4, err_msg=f"{name} in round {t}")
        assert rows.observation_space.contains(shown[1])
        shown = [env.step(action)[0] for env in (flat, rows)]


def test_entries_by_hand() -> None:
    scenario = preset("default").with_num_devices(2)
    codec, fleet = DevicesCodec(scenario), scenario.fleet
    queue = np.array([(np.e - 1.0) * scenario.energy_budget])
    clock = np.array(fleet.clock_hz) * [1.0, 0.5]
    rates = np.array([1e7, 1e8]), np.array([1e6, 1e7])
    encoded = codec.encode(Observation(queue, np.array(0.25), *rates, clock))
    assert encoded.shape == (3, len(DEVICE_COLUMNS))
    np.testing.assert_allclose(encoded[:, :2], [[1.0, 0.25]] * 3, rtol=1e-6)
    np.testing.assert_allclose(encoded[:2, 2:4], [[0, -1], [1, 0]], atol=1e-6)
    speed = np.log10(np.array(fleet.clock_hz) * fleet.flops_per_cycle / 1e9)
    np.testing.assert_allclose(encoded[:2, 5], speed, rtol=1e-6)
    np.testing.assert_allclose(encoded[:2, 4] - encoded[:2, 5], [0, np.log10(0.5)], atol=1e-6)
    per_device = scenario.energy_budget / 2, scenario.reference_delay / 2
    np.testing.assert_allclose(encoded[2, 2:6], np.log10([2, *per_device, scenario.v]), rtol=1e-6)


def test_a_device_has_the_same_row_in_a_larger_fleet() -> None:
    """But for its queue, which belongs to the fleet."""
    small, large = (preset("default").with_num_devices(n) for n in (10, 50))
    rates = np.geomspace(1e6, 1e8, 50)
    rows = []
    for one, n in ((small, 10), (large, 50)):
        channel = rates[:n], rates[:n], np.array(one.fleet.clock_hz)
        rows.append(DevicesCodec(one).encode(Observation(np.zeros(1), np.array(0.5), *channel)))
    np.testing.assert_array_equal(rows[0][:10], rows[1][:10])


def test_vector_rows_equal_the_scalar_environment() -> None:
    envs = ASLVectorEnv(2, "mismatch", action_view="split", observation="devices")
    alone = ASLEnv("mismatch", action_view="split", observation="devices")
    batch, _ = envs.reset(seed=4)
    np.testing.assert_array_equal(batch[1], alone.reset(seed=5)[0])
    actions = np.full((2, 10), 3)
    np.testing.assert_array_equal(envs.step(actions)[0][1], alone.step(actions[1])[0])


def test_unknown_view_is_refused() -> None:
    with pytest.raises(FieldError, match="observation = 'image'"):
        ASLEnv(observation="image")  # type: ignore[arg-type]


def test_a_policy_is_given_the_view_that_it_was_made_for() -> None:
    class Made:
        def __init__(self, space: object) -> None:
            self.observation_space = space

    scenario = preset("default")
    for name, codec in (("flat", ObservationCodec), ("devices", DevicesCodec)):
        assert observation_view_of(Made(codec(scenario).space), scenario) == name
    with pytest.raises(ValueError, match="expected one of"):
        observation_view_of(Made(DevicesCodec(scenario.with_num_devices(3)).space), scenario)
