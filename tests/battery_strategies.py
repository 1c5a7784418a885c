"""Small random scenarios on batteries for property tests, and those of any kind."""

from functools import cache

from hypothesis import strategies as st

from asl_gym.model.batteries import Batteries
from asl_gym.scenario.scenario import Scenario
from tests.strategies import POOL, Maker, scenarios

__all__ = ["all_scenarios", "made_batteries", "made_on_batteries", "scenarios_on_batteries"]


def made_batteries(made: Maker) -> Batteries:
    """Batteries that are small or large, in darkness or sun, under skies that stay or turn."""
    cloudy = made.or_else(made.rng.uniform(0.0, 1.0), 0.0)
    return Batteries(
        trickle_power_w=made.log(1e-3, 1.0),
        capacity=made.log(0.5, 20.0),
        initial_charge=made.pick(0.0, 1.0, made.rng.uniform(0.0, 1.0)),
        mean_harvest=made.or_else(made.log(0.1, 4.0), 0.0),
        sun_share=made.pick(0.0, 1.0, made.rng.uniform(0.0, 1.0)),
        floor_share=made.or_else(made.rng.uniform(0.0, 1.0), 0.0),
        rounds_per_day=int(made.rng.integers(1, 9)),
        cloud_factors=(cloudy, cloudy + made.or_else(made.rng.uniform(0.0, 2.0), 0.0)),
        cloud_persistence=made.pick(0.0, 1.0, made.rng.uniform(0.0, 1.0)),
        cloud_shown=bool(made.rng.integers(2)),
    )


@cache
def made_on_batteries(number: int) -> Scenario:
    """A scenario of the pool on batteries, whose devices spend something with every option."""
    made, max_layers = Maker(number), 4
    scenario = Scenario(
        fleet=made.fleet(3),
        server=made.server(),
        radio=made.radio(),
        workload=made.workload(max_layers, payload=True),
        batteries=made_batteries(made),
        horizon=int(made.rng.integers(1, 13)),
    )
    return made.varied(scenario, max_layers) if number % 2 else scenario


def scenarios_on_batteries() -> st.SearchStrategy[Scenario]:
    """Small scenarios on batteries, see :func:`made_on_batteries`."""
    return st.integers(0, POOL - 1).map(made_on_batteries)


def all_scenarios() -> st.SearchStrategy[Scenario]:
    """Small scenarios with a budget or on batteries."""
    return scenarios() | scenarios_on_batteries()
