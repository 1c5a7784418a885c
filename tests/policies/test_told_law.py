"""Rationing and the policy that is told the law: against closed forms and plain recursions."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from asl_gym import Scenario, preset
from asl_gym.arrays import Array
from asl_gym.model.batteries import charge_after, end_charge, wait
from asl_gym.policies.harvest import told_law
from asl_gym.policies.harvest.catalogue import harvest_policies_for
from asl_gym.policies.harvest.known import harvest_traces
from asl_gym.policies.harvest.ration import RationToSunrise
from asl_gym.policies.harvest.shadowing import ShadowingChain, stratified
from asl_gym.policies.harvest.shown import BatteryRound
from asl_gym.policies.harvest.told_law import Belief, ToldTheLaw
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from asl_gym.solvers.charge_levels import Battery
from asl_gym.validation.checks import FieldError
from tests.battery_strategies import scenarios_on_batteries
from tests.policies.harvest import played, short_scenario


def with_radio(scenario: Scenario, **changes: Any) -> Scenario:
    """The scenario with other fields of its radio."""
    return scenario.replace(radio=dataclasses.replace(scenario.radio, **changes))


def bounds(scenario: Scenario, seeds: range) -> Array:
    """The bound of each device on each seed's episode, shape (S, N)."""
    traces = harvest_traces(scenario, seeds)
    found = [hindsight_bound(KnownEpisode.of(scenario, traces[i])) for i in range(len(seeds))]
    return np.array([each.device_bound for each in found])


@settings(max_examples=30)
@given(scenarios_on_batteries())
def test_no_policy_is_below_the_bound(scenario: Scenario) -> None:
    seeds = range(2)
    least = bounds(scenario, seeds)
    for entry in harvest_policies_for(scenario):
        build: Any = entry.policy
        if entry.told_more:
            build = lambda env: ToldTheLaw(env, samples=3, charges=20)  # noqa: E731
        total, _ = played(build, scenario, seeds)
        assert (total >= least).all(), entry.name


def test_the_order_of_policies_on_the_preset() -> None:
    scenario, seeds = preset("harvest"), range(3)
    least = bounds(scenario, seeds).sum()
    gaps = {
        entry.name: played(entry.policy, scenario, seeds)[0].sum() / least - 1.0
        for entry in harvest_policies_for(scenario)
        if not entry.told_more
    }
    best = gaps["harvest-drift"]
    assert 0.04 < best < gaps["harvest-deficit"] < gaps["constant-price"] < gaps["myopic"]
    assert 0.05 < gaps["ration"] < gaps["myopic"] < gaps["random"]


def test_the_programme_is_the_recursion_that_it_says() -> None:
    rng, shape = np.random.default_rng(0), (3, 2, 4)
    delay, energy = rng.uniform(1.0, 9.0, shape), rng.uniform(0.0, 5.0, shape)
    rounds, charges, battery = 4, 30, Battery(9.0, 0.5, 2.0)
    harvest = rng.uniform(0.0, 3.0, (2, rounds))
    skies, levels = rng.dirichlet(np.ones(2), 2), rng.dirichlet(np.ones(3), 3)
    ahead = np.empty((rounds + 1, 2, 3, charges + 1), dtype=np.float32)
    told_law._fill(delay, energy, harvest, (skies, levels), battery, ahead)
    grid = np.linspace(0.0, battery.capacity, charges + 1)
    after = np.broadcast_to(end_charge(battery.start, grid, 0.5), (2, 3, charges + 1))
    for t in range(rounds, -1, -1):
        np.testing.assert_allclose(ahead[t], after - after[..., -1:], rtol=1e-5, atol=1e-4)
        now = np.zeros((2, 3, charges + 1))
        for sky, level, m in np.ndindex(2, 3, 2) if t else ():
            costs = [
                delay[level, m, option]
                + wait(taken, grid, 0.5)
                + np.interp(
                    charge_after(grid, taken, harvest[sky, t - 1], battery.capacity),
                    grid,
                    after[sky, level],
                )
                for option, taken in enumerate(energy[level, m])
            ]
            now[sky, level] += np.min(costs, axis=0) / 2
        after = np.einsum("ab,kl,blx->akx", skies, levels, now)


def test_without_luck_it_is_nearly_the_best_in_hindsight() -> None:
    scenario = short_scenario(cloud_factors=(1.0, 1.0))
    scenario = with_radio(scenario, fading="none", shadowing_std_db=0.0)
    fleet = dataclasses.replace(scenario.fleet, min_clock_fraction=1.0)
    scenario = scenario.replace(fleet=fleet)
    total, _ = played(lambda env: ToldTheLaw(env, samples=1, charges=2_000), scenario, range(1))
    np.testing.assert_allclose(total, bounds(scenario, range(1)), rtol=2e-3)


def test_it_is_told_more_than_the_best_tuned_price() -> None:
    scenario, seeds = short_scenario(capacity=64.0), range(4)
    least = bounds(scenario, seeds).sum()
    gap = played(ToldTheLaw, scenario, seeds)[0].sum() / least - 1.0
    for entry in harvest_policies_for(scenario):
        if not entry.told_more:
            assert gap < played(entry.policy, scenario, seeds)[0].sum() / least - 1.0


def test_it_finds_out_a_sky_that_is_hidden() -> None:
    shown = short_scenario()
    hidden = short_scenario(cloud_shown=False)
    day = [t for t in range(48) if t % 24 < 12]
    for t, (one, other) in enumerate(zip(beliefs(shown), beliefs(hidden), strict=True)):
        np.testing.assert_allclose(one.level, other.level, atol=1e-5)
        if t in day:
            np.testing.assert_array_equal(one.clear, other.clear)
        else:
            assert (np.abs(other.clear - 0.5) < 0.5).all()


def beliefs(scenario: Scenario) -> list[Belief]:
    """What is believed in each round of an episode."""
    policy = ToldTheLaw(scenario, samples=1, charges=4)
    trace, found = harvest_traces(scenario, [0]), []
    assert trace.harvest_j is not None
    assert trace.cloud is not None
    nothing, memory = np.zeros((1, 3)), None
    for t in range(scenario.horizon):
        sky = trace.cloud[:, t] if policy.batteries.cloud_shown else None
        shown = BatteryRound(nothing, nothing, nothing, trace.harvest_j[:, t], sky, np.array([t]))
        rates = trace.uplink_bps[:, t], trace.downlink_bps[:, t]
        memory = policy.believed(shown, *rates, memory, np.array([t == 0]))
        found.append(memory)
    return found


def test_the_chain_keeps_its_stationary_distribution() -> None:
    chain = ShadowingChain(short_scenario())
    np.testing.assert_allclose(chain.transitions.sum(axis=1), 1.0, rtol=1e-9)
    after = chain.probabilities @ chain.transitions
    np.testing.assert_allclose(after, chain.probabilities, atol=1e-3)
    within = chain.transitions[1:-1, 1:-1]
    assert (within.argmax(axis=1) == range(len(within))).all()


def test_rates_without_fading_say_the_level() -> None:
    scenario = with_radio(short_scenario(), fading="none", max_spectral_efficiency=30.0)
    chain, rng = ShadowingChain(scenario), np.random.default_rng(0)
    for level in range(chain.levels):
        likely = chain.likelihood(*chain.draw_rates(level, 20, rng))
        assert (likely.argmax(axis=-1) == level).all()
        assert (likely.sum(axis=-1) == 1.0).all()


def test_beliefs_are_right_as_often_as_they_say() -> None:
    chain, rng = ShadowingChain(short_scenario()), np.random.default_rng(0)
    levels = range(chain.levels)
    drawn = [chain.likelihood(*chain.draw_rates(level, 2_000, rng)) for level in levels]
    posterior = np.stack([each / each.sum(axis=-1, keepdims=True) for each in drawn])
    # By Bayes' rule, of all draws that give a level the probability p a share p comes from it.
    for low, high in [(0.05, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.5)]:
        within = (posterior >= low) & (posterior < high)
        own = np.stack([within[level, ..., level] for level in levels])
        said = posterior[within].mean()
        assert own.sum() / within.sum() == pytest.approx(said, abs=0.05)


def test_stratified_numbers_have_one_in_each_part() -> None:
    found = stratified((7, 5), np.random.default_rng(0))
    np.testing.assert_array_equal(
        np.sort((found * 7).astype(int), axis=0), np.tile(range(7), (5, 1)).T
    )


def test_a_ration_lasts_to_sunrise() -> None:
    policy = RationToSunrise(short_scenario(sun_share=0.0, floor_share=0.5))
    unit, devices = policy.scenario.fastest_energies, 3
    options = np.arange(1.0, 5.0)
    shown = BatteryRound(
        delay=np.tile(10.0 - options, (2, devices, 1)),
        energy=unit[:, None] * np.tile(options, (2, devices, 1)),
        charge=np.tile(6.0 * unit, (2, 1)),
        harvest=np.tile(unit, (2, 1)),
        cloud=None,
        round_index=np.array([20, 3]),
    )
    # Four rounds before sunrise 6 Ê and 4 of harvest are 2½ a round; in the morning there is none.
    np.testing.assert_allclose(policy.ration(shown), [2.5 * unit, np.full(devices, np.inf)])
    np.testing.assert_array_equal(policy.cuts(shown), [[1] * devices, [3] * devices])


def test_is_for_batteries_and_a_radio() -> None:
    with pytest.raises(FieldError, match="batteries"):
        ToldTheLaw(preset("default"))
