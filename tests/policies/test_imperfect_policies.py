"""OPEN on filtered rates and with calibrated parameters."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from asl_gym import (
    OPEN,
    ASLEnv,
    ASLVectorEnv,
    CalibratedOPEN,
    FilteredOPEN,
    KalmanOPEN,
    Knowledge,
    evaluate,
)
from asl_gym.model.radio import cellular
from asl_gym.policies.mismatch import Calibration
from asl_gym.scenario.presets import preset
from asl_gym.traces import channel
from asl_gym.validation.checks import FieldError

SEEDS = range(4)
MISMATCH = preset("mismatch")


def priced_gap(policy: object, env_id: str) -> float:
    scores = evaluate(policy, env_id, SEEDS)  # type: ignore[arg-type]
    return float(np.mean([score.priced_gap for score in scores]))


def test_filtered_open_is_better_than_open_and_without_memory_the_same() -> None:
    plain = priced_gap(OPEN, "ASLStaleCSI-v0")
    assert priced_gap(FilteredOPEN, "ASLStaleCSI-v0") < plain - 0.02
    without = partial(FilteredOPEN, memory=0.0)
    assert priced_gap(without, "ASLStaleCSI-v0") == pytest.approx(plain, abs=1e-9)


def test_the_filter_averages_inverse_rates() -> None:
    scenario = preset("stale-csi").with_num_devices(2)
    policy, env = FilteredOPEN(scenario, memory=0.5), ASLEnv(scenario, action_view="dict")
    observation, _ = env.reset(seed=0)
    state: Any = None
    shown = []
    for _ in range(3):
        shown.append(1.0 / env.codec.decode(observation).uplink_bps)
        action, state = policy.predict(observation, state, episode_start=state is None)
        observation, *_ = env.step(action)
    total, weight = state
    expected = (shown[0] / 4 + shown[1] / 2 + shown[2]) / 1.75
    np.testing.assert_allclose(total[0, 0] / weight, expected, rtol=1e-5)


def test_calibration_finds_the_real_parameters_in_one_round() -> None:
    env = ASLEnv(MISMATCH, action_view="dict")
    observation, _ = env.reset(seed=5)
    policy = CalibratedOPEN(env)
    action, state = policy.predict(observation)
    observation, *_ = env.step(action)
    _, state = policy.predict(observation, state, episode_start=False)
    flops, capacitance = Calibration(env.scenario).factors(state.sums)
    np.testing.assert_allclose(flops[0], env.trace.flops_per_cycle_factor[0], rtol=1e-3)  # type: ignore[index]
    np.testing.assert_allclose(capacitance[0], env.trace.capacitance_factor[0], rtol=1e-3)  # type: ignore[index]


def test_calibrated_open_comes_near_to_open_that_knows() -> None:
    assert priced_gap(CalibratedOPEN, "ASLMismatch-v0") < 0.02
    assert priced_gap(OPEN, "ASLMismatch-v0") > 0.05


@pytest.mark.parametrize(
    ("policy", "name"),
    [(FilteredOPEN, "stale-csi"), (CalibratedOPEN, "mismatch"), (KalmanOPEN, "stale-csi")],
)
def test_a_batch_decides_as_its_rows_do_over_episodes(policy: type[OPEN], name: str) -> None:
    scenario = preset(name).with_num_devices(3).replace(horizon=4)
    envs = ASLVectorEnv(3, scenario, action_view="dict", autoreset_mode="SameStep")
    batch, _ = envs.reset(seed=1)
    one = policy(scenario)
    states: list[object] = [None] * 3
    state, starts = None, np.ones(3, dtype=bool)
    for _ in range(9):
        action, state = one.predict(batch, state, starts)
        for i in range(3):
            alone, states[i] = one.predict(batch[i], states[i], bool(starts[i]))
            np.testing.assert_array_equal(action["split"][i], alone["split"])
            np.testing.assert_allclose(
                action["server_frequency"][i], alone["server_frequency"], rtol=1e-12
            )
        batch, _, _, starts, _ = envs.step(action)


def test_told_the_channels_law_open_is_better_than_filtered() -> None:
    filtered = priced_gap(FilteredOPEN, "ASLStaleCSI-v0")
    assert priced_gap(KalmanOPEN, "ASLStaleCSI-v0") < filtered - 0.01


def test_expected_inverse_rate_against_simulation() -> None:
    """Shadowing of a known law, ahead of what was shown, with fading drawn by chance."""
    scenario = preset("stale-csi").with_num_devices(1)
    policy, rng = KalmanOPEN(scenario), np.random.default_rng(0)
    mean, variance = np.array([[4.0]]), np.array([[20.0]])
    (snr_db,) = policy._mean_snr_db[0]
    drawn = 10 ** ((snr_db + 4.0 + np.sqrt(20.0) * rng.standard_normal((400_000, 1))) / 10)
    rates = channel.rates(
        drawn,
        np.ones_like(drawn),
        rng.standard_exponential(drawn.shape),
        cellular(scenario.radio, "tests"),
    )
    expected = policy._expected(mean, variance, policy._mean_snr_db[0])
    assert expected[0, 0] == pytest.approx((1.0 / rates).mean(), rel=0.05)


def test_the_filter_forgets_to_the_stationary_law() -> None:
    policy = KalmanOPEN(preset("stale-csi"))
    mean, variance = policy._ahead(np.array([12.0]), np.array([1.0]), rounds=1_000)
    assert mean[0] == pytest.approx(0.0, abs=1e-6)
    assert variance[0] == pytest.approx(64.0)


def test_the_filter_needs_late_rates_and_block_fading() -> None:
    with pytest.raises(FieldError, match="csi_delay"):
        KalmanOPEN(preset("default"))
    with pytest.raises(FieldError, match="fading"):
        KalmanOPEN(preset("ergodic").replace(knowledge=Knowledge(csi_delay_rounds=1)))


def test_calibration_needs_realised_costs_and_known_rates() -> None:
    with pytest.raises(FieldError, match="parameter_error"):
        CalibratedOPEN(preset("default"))
    both = MISMATCH.replace(knowledge=Knowledge(1, 3.0))
    with pytest.raises(FieldError, match="csi_delay_rounds"):
        CalibratedOPEN(both)
    with pytest.raises(FieldError, match="memory"):
        FilteredOPEN(preset("stale-csi"), memory=1.5)
