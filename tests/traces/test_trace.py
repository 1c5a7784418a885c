"""Traces themselves: what is shared, shown and stacked, and how the draws are dealt."""

import dataclasses
import pickle

import numpy as np
import pytest

from asl_gym.model.demands import Knowledge
from asl_gym.traces.imperfect import impose
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace
from tests.traces.test_channel import FLEET, RADIO

SHAPE = ROUNDS, DEVICES = 7, 3
SOURCE = SyntheticTraces(FLEET, RADIO)


def trace(seed: int = 0, shown: bool = False, factors: bool = False) -> Trace:
    rng = np.random.default_rng(seed)
    drawn = Trace(*rng.uniform(1e6, 2e6, (3, *SHAPE)))
    names = [*Trace.ARRAYS[3:]] * shown + [*Trace.FACTORS] * factors
    return drawn.changed(**{name: rng.uniform(1.0, 2.0, SHAPE) for name in names})


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


def test_a_trace_is_never_changed_and_is_itself_alone() -> None:
    one = trace()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.clock_hz = one.uplink_bps  # type: ignore[misc]
    assert one == one
    assert one != one.copy()


def test_rounds_and_devices_are_the_last_axes() -> None:
    batch = Trace.stack([trace(), trace(1)])
    for each in (trace(), batch):
        assert (each.num_rounds, each.num_devices) == SHAPE


def test_shown_rates_follow_the_real_ones_unless_they_differ() -> None:
    other = np.full(SHAPE, 5e6)
    changed = trace().changed(uplink_bps=other)
    assert changed.shown_uplink_bps is other
    assert changed.shows_truth
    stale = trace(shown=True)
    assert stale.changed(uplink_bps=other).shown_uplink_bps is stale.shown_uplink_bps


def test_arrays_are_shared_as_they_are() -> None:
    one = trace()
    backwards = np.full(SHAPE[::-1], 5e6).T
    changed = one.changed(clock_hz=backwards)
    assert changed.clock_hz is backwards
    assert changed.uplink_bps is one.uplink_bps
    batch = SOURCE.draw(generators(4), ROUNDS)
    assert np.shares_memory(batch[2].clock_hz, batch.clock_hz)


def test_traces_are_stacked_with_all_that_any_of_them_has() -> None:
    plain, stale, factors = trace(), trace(1, shown=True), trace(2, factors=True)
    together = Trace.stack([plain, stale, factors])
    for i, each in enumerate((plain, stale, factors)):
        for name in Trace.ARRAYS:
            np.testing.assert_array_equal(getattr(together, name)[i], getattr(each, name))
    for name in Trace.FACTORS:
        ones_and = [np.ones(SHAPE), np.ones(SHAPE), getattr(factors, name)]
        np.testing.assert_array_equal(getattr(together, name), ones_and)
        for alike in ([factors], [factors, factors]):
            stacked = getattr(Trace.stack(alike), name)
            np.testing.assert_array_equal(stacked, [getattr(factors, name)] * len(alike))
    assert Trace.stack([plain, plain]).shows_truth
    assert Trace.stack([plain, plain]).capacitance_factor is None


# How the draws are dealt


@pytest.mark.parametrize("count", [3, 40])
def test_rows_of_a_draw_equal_those_on_their_own(count: int) -> None:
    rounds = 100
    batch = SOURCE.draw(generators(count), rounds)
    for i in (0, 1, count // 2, count - 1):
        alone = SOURCE.draw([np.random.default_rng(i)], rounds)[0]
        for name in Trace.ARRAYS:
            np.testing.assert_array_equal(getattr(batch[i], name), getattr(alone, name))


def test_memory_is_used_again_where_it_fits() -> None:
    first = SOURCE.draw(generators(2), ROUNDS)
    kept = first.copy()
    assert SOURCE.draw(generators(2), ROUNDS, reuse=first) is first
    np.testing.assert_array_equal(first.clock_hz, kept.clock_hz)
    assert SOURCE.draw(generators(3), ROUNDS, reuse=first) is not first


def test_memory_that_lies_otherwise_is_left_alone() -> None:
    first = SOURCE.draw(generators(2), ROUNDS)
    unpickled = pickle.loads(pickle.dumps(first))
    again = SOURCE.draw(generators(2), ROUNDS, reuse=unpickled)
    assert again is not unpickled
    np.testing.assert_array_equal(again.clock_hz, first.clock_hz)


def test_a_generator_gives_a_key_and_the_key_the_trace() -> None:
    key = generators(1)[0].integers(0, 2**64, dtype=np.uint64)
    rng = generators(1)[0]
    drawn, of_key = SOURCE.draw([rng], ROUNDS), SOURCE.of_keys(np.array([key]), ROUNDS)
    for name in Trace.ARRAYS:
        np.testing.assert_array_equal(getattr(drawn, name), getattr(of_key, name))
    again = generators(1)[0]
    again.integers(0, 2**64, dtype=np.uint64)
    assert rng.bit_generator.state == again.bit_generator.state


def test_stale_rates_and_wrong_parameters_go_together() -> None:
    knowledge = Knowledge(csi_delay_rounds=2, parameter_error=3.0)
    drawn = SOURCE.draw(generators(4), ROUNDS + 2)
    imposed = impose(knowledge, drawn, episode_keys(generators(4)))
    for name in (*Trace.ARRAYS, *Trace.FACTORS):
        assert getattr(imposed, name).shape == (4, ROUNDS, 2)
    np.testing.assert_array_equal(imposed.clock_hz, drawn.clock_hz[:, 2:])
    np.testing.assert_array_equal(imposed.shown_uplink_bps, drawn.uplink_bps[:, :-2])
