"""What is hidden from the controller is hidden from agents: others of it change no decision."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents import pretrained
from asl_gym import CalibratedOPEN, Evaluator, FilteredOPEN, KalmanOPEN, Trace

ROUNDS = 15
HIDING = ("ASLStaleCSI-v0", "ASLMismatch-v0")
SHIPPED = [(name, env_id) for env_id in HIDING for name in pretrained.shipped_names(env_id)]
VERSIONS = [
    (FilteredOPEN, "ASLStaleCSI-v0"),
    (KalmanOPEN, "ASLStaleCSI-v0"),
    (CalibratedOPEN, "ASLMismatch-v0"),
]


def with_other_secrets(trace: Trace) -> Trace:
    """The trace with real rates of other rounds, and other devices' factors, all else as it was."""
    rng = np.random.default_rng(1)
    rounds = rng.permutation(trace.uplink_bps.shape[-2])
    devices = np.roll(np.arange(trace.uplink_bps.shape[-1]), 1)
    factors: dict[str, Any] = {
        name: None if getattr(trace, name) is None else getattr(trace, name)[..., devices]
        for name in Trace.FACTORS
    }
    stale = not np.array_equal(trace.uplink_bps, trace.shown_uplink_bps)
    rates = {
        name: getattr(trace, name)[rounds] if stale else getattr(trace, name)
        for name in ("uplink_bps", "downlink_bps")
    }
    return replace(trace, **rates, **factors)


def seated(policy: Any, env_id: str, trace: Trace | None) -> tuple[Any, Any, Any]:
    """A policy in an environment of its own that is about to play a trace."""
    player, env, _ = Evaluator(env_id).seated(policy)
    observation, _ = env.reset(seed=0, options=None if trace is None else {"trace": trace})
    return player, env, observation


@pytest.mark.parametrize(
    ("policy", "env_id"),
    [*((pretrained.load(*each), each[1]) for each in SHIPPED), *VERSIONS],
    ids=[*(f"{name}-{env_id}" for name, env_id in SHIPPED), *(v.__name__ for v, _ in VERSIONS)],
)
def test_other_secrets_change_no_decision(policy: Any, env_id: str) -> None:
    """Two copies are shown the same; one's environment has other real rates or parameters."""
    player, env, observation = seated(policy, env_id, None)
    trace = env.unwrapped.trace
    secret = with_other_secrets(trace)
    other, elsewhere, _ = seated(policy, env_id, secret)
    state = other_state = None
    start, differed = True, False
    for _ in range(ROUNDS):
        action, state = player.predict(observation, state, np.array([start]), True)
        same, other_state = other.predict(observation, other_state, np.array([start]), True)
        np.testing.assert_equal(action, same)
        observation, reward, *_ = env.step(action)
        _, other_reward, *_ = elsewhere.step(same)
        start, differed = False, differed or reward != other_reward
    assert differed
