"""Prices of energy against their formulas, their tuning against the environment."""

import math
from typing import Any

import numpy as np
import pytest

from asl_gym import preset
from asl_gym.model.batteries import charge_after, wait
from asl_gym.policies.harvest import tuning
from asl_gym.policies.harvest.catalogue import HARVEST_POLICIES, harvest_policies_for
from asl_gym.policies.harvest.deficit_price import DeficitPrice, deficit_price
from asl_gym.policies.harvest.prices import ConstantPrice, DriftPlusPenalty, Myopic, PricePolicy
from asl_gym.policies.harvest.shown import BatteryRound
from asl_gym.policies.harvest.tuned import tuned_price
from asl_gym.policies.harvest.tuning import TUNING_SEEDS, total_delays, tune
from asl_gym.solvers.sequential import cheapest_options
from asl_gym.validation.checks import FieldError
from tests.policies.harvest import played, short_scenario

LAW = DeficitPrice(0.7, 1.5, 0.8, 0.6)


def made_round(policy: PricePolicy, rng: np.random.Generator) -> BatteryRound:
    """A round of 30 environments whose batteries are empty, full or between, with ties."""
    rows, devices, options = 30, policy.scenario.num_devices, 4
    shape, unit = (rows, devices, options), policy.scenario.fastest_energies
    share = rng.choice([0.0, 0.1, 0.5, 0.99, 1.0], size=shape[:2])
    return BatteryRound(
        delay=rng.integers(1, 5, shape).astype(float),
        energy=rng.integers(0, 6, shape) * unit[:, None],
        charge=share * policy.capacity,
        harvest=rng.integers(0, 4, shape[:2]) * unit,
        cloud=None,
        round_index=rng.integers(0, 48, rows),
    )


def by_hand(policy: PricePolicy, shown: BatteryRound, law: DeficitPrice) -> Any:
    """The decisions, number by number."""
    batteries, splits = policy.batteries, np.zeros(shown.charge.shape, dtype=int)
    for b, n in np.ndindex(*splits.shape):
        charge, capacity = shown.charge[b, n], policy.capacity[n]
        hour = (shown.round_index[b] % batteries.rounds_per_day + 0.5) / batteries.rounds_per_day
        swing = math.exp(law.swing * math.cos(2 * math.pi * (hour - law.peak)))
        price = min(law.scale * (1.0 - charge / capacity) ** law.exponent * swing, 1.0)
        costs = []
        for delay, energy in zip(shown.delay[b, n], shown.energy[b, n], strict=True):
            after = charge_after(charge, energy, shown.harvest[b, n], capacity)
            lacks = wait(energy, charge, batteries.trickle_power_w)
            costs.append((delay + lacks - price / batteries.trickle_power_w * after, energy))
        least = min(cost for cost, _ in costs)
        # Sums in another order may part what is tied.
        tied = [i for i, (cost, _) in enumerate(costs) if cost <= least + 1e-9]
        splits[b, n] = min(tied, key=lambda i: (costs[i][1], i))
    return splits


@pytest.mark.parametrize(
    ("policy", "law"),
    [
        (Myopic, DeficitPrice(0.0, 0.0, 0.0, 0.0)),
        (lambda env: ConstantPrice(env, 0.3), DeficitPrice(0.3, 0.0, 0.0, 0.0)),
        (lambda env: DriftPlusPenalty(env, LAW), LAW),
        (lambda env: DriftPlusPenalty(env, [LAW] * 3), LAW),
    ],
)
def test_decides_by_its_price(policy: Any, law: DeficitPrice) -> None:
    built = policy(short_scenario())
    shown = made_round(built, np.random.default_rng(0))
    np.testing.assert_array_equal(built.cuts(shown), by_hand(built, shown, law))


def test_ties_go_to_less_energy_then_to_the_first() -> None:
    objective = np.array([[2.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    energy = np.array([[0.0, 3.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    assert cheapest_options(objective, energy).tolist() == [2, 0]


def test_the_price_at_some_places() -> None:
    law = DeficitPrice(0.5, 2.0, 1.0, 0.25)
    assert deficit_price(1.0, 0.5, law) == pytest.approx(0.5)
    assert deficit_price(0.5, 0.25, law) == pytest.approx(0.125 * math.e)
    assert deficit_price(1.0, 0.25, law) == 1.0
    assert deficit_price(0.0, 0.25, law) == 0.0


def test_tuning_reckons_as_the_environment_plays() -> None:
    scenario, seeds = short_scenario(), range(3)
    total, _ = played(lambda env: DriftPlusPenalty(env, LAW), scenario, seeds)
    for n, lanes in enumerate(tuning._lanes(scenario, seeds)):
        # The environment shows float32, so that a near tie may be decided otherwise.
        assert total_delays(lanes, LAW) == pytest.approx(total[:, n].sum(), rel=1e-4)


def test_tuning_finds_better_prices_the_more_it_may_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tuning, "DRAWS", 100)
    scenario, seeds = short_scenario(capacity=64.0), range(TUNING_SEEDS[0], TUNING_SEEDS[0] + 3)
    devices = tuning._lanes(scenario, seeds)
    nothing = DeficitPrice(0.0, 0.0, 0.0, 0.0)
    before = sum(total_delays(lanes, nothing) for lanes in devices)
    for kind in tuning.RANGES:
        common, each = tune(scenario, kind, seeds)
        total = sum(total_delays(lanes, common) for lanes in devices)
        apart = sum(total_delays(*pair) for pair in zip(devices, each, strict=True))
        assert apart <= total < before
        for name, value in common._asdict().items():
            low, high = getattr(tuning.RANGES[kind], name)
            assert low * 0.999 <= value <= high * 1.001
        before = total
    assert tune(scenario, kind, seeds)[0] == common


def test_shipped_prices_are_better_than_their_neighbours_on_the_whole() -> None:
    scenario = preset("harvest")
    devices = tuning._lanes(scenario, TUNING_SEEDS[:6])

    def total(law: DeficitPrice) -> float:
        return sum(total_delays(lanes, law) for lanes in devices)

    shipped = tuned_price("drift-plus-penalty")
    for name, factor in [("scale", 2.0), ("scale", 0.5), ("exponent", 2.0), ("swing", 0.0)]:
        moved = shipped._replace(**{name: getattr(shipped, name) * factor})
        assert total(shipped) < total(moved)
    assert total(shipped) < total(tuned_price("deficit")) < total(tuned_price("constant"))


def test_prices_by_device_are_those_of_the_presets_devices() -> None:
    policy = DriftPlusPenalty.by_device(preset("harvest"))
    assert policy.law.scale.shape == (10,)
    other = preset("harvest").with_num_devices(5)
    with pytest.raises(FieldError, match="fleet"):
        DriftPlusPenalty.by_device(other)
    assert {each.name for each in HARVEST_POLICIES} - {
        each.name for each in harvest_policies_for(other)
    } == {"harvest-drift-by-device"}


def test_names_what_is_not_allowed() -> None:
    with pytest.raises(FieldError, match="batteries"):
        Myopic(preset("default"))
    with pytest.raises(FieldError, match="law"):
        DriftPlusPenalty(short_scenario(), [LAW, LAW])
    with pytest.raises(FieldError, match="price"):
        ConstantPrice(short_scenario(), 1.5)
