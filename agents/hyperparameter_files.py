"""Hyperparameters from TOML files: those shipped for an algorithm, and a user's in their place.

A file has a table per environment id. A user's needs to hold only what differs from the shipped
one; for an environment id that the shipped one lacks it has to hold a whole table.
"""

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy

from asl_gym.envs.arguments import EnvArguments
from asl_gym.validation.checks import FieldError, number, whole_number
from asl_gym.validation.text_file import file_text

__all__ = ["POLICY_ARGUMENTS", "check_arguments", "check_table", "shipped_tables", "table_of"]

COUNTS = ("total_steps", "num_envs", "validate_every")
TABLES = ("environment", "model", "network")
SPREADS = ("fleets", "scenarios")
OPTIONAL = ("network", "action_noise_std", *SPREADS)
FIELDS = (*COUNTS, "linear_learning_rate_decay", *TABLES, "action_noise_std", *SPREADS)

ENVIRONMENT = EnvArguments.__optional_keys__ - {"traces", "render_mode"}
"""Arguments of the environment that a file may hold; scenarios and traces are options."""

POLICY_ARGUMENTS = ("activation",)
"""What a table ``network`` may hold beside the policy's own arguments."""

GIVEN = {
    *("self", "env", "device", "seed", "tensorboard_log", "policy_kwargs", "action_noise"),
    *("_init_setup_model", "monitor_wrapper", "support_multi_env", "supported_action_spaces"),
    *("observation_space", "action_space", "lr_schedule", "activation_fn", "width"),
    "beliefs",
}
"""Arguments that the training itself gives, or that make no difference to it."""

Table = dict[str, Any]


def shipped_tables(algorithm: str) -> dict[str, Table]:
    """The shipped tables of an algorithm, by environment id."""
    file = resources.files("agents") / "hyperparameters" / f"{algorithm}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def table_of(path: Path, env_id: str, shipped: Mapping[str, Table]) -> Table:
    """A user's table of an environment id, completed by the shipped one.

    Raises:
        TextFileError: If the file cannot be read.
        FieldError: If it is no TOML, or has no table for the id.
    """
    try:
        tables = tomllib.loads(file_text(path))
    except tomllib.TOMLDecodeError as error:
        raise FieldError("hyperparameters", str(path), f"a TOML file ({error})") from error
    if not isinstance(tables.get(env_id), dict):
        allowed = f'a file with a table ["{env_id}"]; it has {[*tables]}'
        raise FieldError("hyperparameters", str(path), allowed)
    base, own = shipped.get(env_id, {}), tables[env_id]
    return {
        name: {**base[name], **own[name]} if _both_tables(name, base, own) else value
        for name, value in {**base, **own}.items()
    }


def _both_tables(name: str, base: Table, own: Table) -> bool:
    return isinstance(base.get(name), dict) and isinstance(own.get(name), dict)


def check_table(table: Mapping[str, Any]) -> None:
    """Checks a table but for the arguments of algorithm and policy.

    Raises:
        FieldError: If a field is missing or unknown, or its value is not allowed.
    """
    _check_known("", table, FIELDS)
    for name in FIELDS:
        if name not in table and name not in OPTIONAL:
            raise FieldError("hyperparameters", sorted(table), f"{name} among them")
    for name in (*COUNTS, *(set(SPREADS) & table.keys())):
        whole_number(name, table[name], 1)
    if "action_noise_std" in table:
        number("action_noise_std", table["action_noise_std"])
    decay = table["linear_learning_rate_decay"]
    if not isinstance(decay, bool):
        raise FieldError("linear_learning_rate_decay", decay, "true or false")
    for name in set(TABLES) & table.keys():
        if not isinstance(table[name], dict):
            raise FieldError(name, table[name], "a table")
    _check_known("environment.", table["environment"], ENVIRONMENT)


def check_arguments(
    model: Mapping[str, Any],
    network: Mapping[str, Any],
    algorithm: type[BaseAlgorithm],
    policy: type[BasePolicy],
) -> None:
    """Checks that algorithm and policy have the arguments that tables name.

    Raises:
        FieldError: If one is unknown, or the activation is no class of ``torch.nn``.
    """
    _check_known("model.", model, _arguments_of(algorithm))
    _check_known("network.", network, {*_arguments_of(policy), *POLICY_ARGUMENTS})
    activation = network.get("activation", "ReLU")
    if not isinstance(getattr(torch.nn, str(activation), None), type):
        raise FieldError("network.activation", activation, "a class of torch.nn, such as ReLU")


def _arguments_of(made: type) -> set[str]:
    """Names of a class's arguments, those that it hands on to its bases included."""
    names = {
        name
        for each in made.__mro__
        for name, parameter in inspect.signature(each.__init__).parameters.items()  # type: ignore[misc]
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return names - GIVEN


def _check_known(place: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            allowed = f"one of {', '.join(sorted(known))}"
            raise FieldError("hyperparameters", f"{place}{name}", allowed)
