"""A user's own policies: from ``file.py:Class``, ``package.module:Class``, a model or an agent.

A class or function is called with the environment, as :func:`asl_gym.scoring.fitting.build_policy`
does, and must give a policy; a zip file is a model of stable-baselines3, an ONNX file an agent that
``python -m agents export`` wrote. An episode may depend on nothing but its seed, since an
interrupted benchmark goes on with the seeds that are missing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.bookkeeping import sha256_of
from agents.exported.playing import load_agent
from asl_gym.extras import extra_told
from asl_gym.scoring.fitting import build_policy
from asl_gym.users_code import MODULE, callables_of, module_named
from asl_gym.users_code import users_code as users_code_of
from asl_gym.validation.checks import FieldError
from benchmarks.errors import BenchmarkError
from benchmarks.playing.own_modules import digests_of_own_modules

__all__ = ["MODEL", "PROTOCOL", "UserPolicy", "is_own", "load_user_policy", "users_code"]

LONGEST_NAME = 60
NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}")
EXPECTED = (
    "[NAME=]package.module:Class, [NAME=]path/to/file.py:Class, [NAME=]path/to/model.zip or "
    "[NAME=]path/to/agent.onnx"
)
MODEL, AGENT = ".zip", ".onnx"
"""How the names of a model's and of an exported agent's file end."""

PROTOCOL = (
    "predict(observation, state=None, episode_start=None, deterministic=True) -> (action, state)"
)
"""What a policy has to offer."""


@dataclass(frozen=True)
class UserPolicy:
    """A policy class or function, or a trained model, that a user named.

    Attributes:
        name: Its name in the results.
        spec: What the user wrote.
        factory: Builds the policy from an environment.
        files: SHA-256 of the files that define it: its own and those that it imports from beside
            it, or a model and its statistics.
    """

    name: str
    spec: str
    factory: Callable[[Any], Any]
    files: Mapping[str, str]


def is_own(spec: str) -> bool:
    """Whether a text is of the form of a user's policy, not a name of one of the benchmark's."""
    return ":" in spec or spec.endswith((MODEL, AGENT))


def load_user_policy(spec: str) -> UserPolicy:
    """Loads the policy that ``[NAME=]MODULE:CLASS``, ``…=MODEL.zip`` or ``…=AGENT.onnx`` names.

    A file is run as ``python file.py`` would: it may import what lies beside it. Loading a model
    runs what is pickled in it.

    Raises:
        BenchmarkError: If the text has another form, or what it names does not exist, fails or
            cannot be called.
    """
    given_name, place, attribute = _parts(spec)
    if place.endswith(MODEL):
        return _load_model(spec, given_name or attribute, Path(place))
    if place.endswith(AGENT):
        return _load_agent(spec, given_name or attribute, Path(place))
    with users_code(f"--policy {spec!r}: {place} cannot be imported", "code that runs"):
        module = module_named(place, f"--policy {spec!r}", EXPECTED, BenchmarkError)
        factory = getattr(module, attribute, None)
    if not callable(factory):
        problem = f"has no {attribute!r}" if factory is None else f"has a {attribute!r} that is"
        raise BenchmarkError(
            f"--policy {spec!r}: {place} {problem}{'' if factory is None else ' no class'}: "
            f"expected a class or function that builds a policy; it has {callables_of(module)}"
        )
    return UserPolicy(given_name or attribute, spec, factory, digests_of_own_modules(module))


def _load_model(spec: str, name: str, path: Path) -> UserPolicy:
    # Here, since importing torch takes seconds, and gigabytes that not everyone has.
    with extra_told("agents"):
        from agents.model_files import load_model, statistics_beside
        from agents.playing import as_policy

    try:
        model, statistics = load_model(path), statistics_beside(path)
    except FieldError as error:
        raise BenchmarkError(f"--policy {spec!r}: {error}") from error
    files = [path] if statistics is None else [path, statistics]
    return UserPolicy(
        name,
        spec,
        lambda env: build_policy(as_policy(model), env),
        {each.name: sha256_of(each) for each in files},
    )


def _load_agent(spec: str, name: str, path: Path) -> UserPolicy:
    try:
        agent = load_agent(path)
    except (FieldError, OSError) as error:
        raise BenchmarkError(f"--policy {spec!r}: {error}") from error
    return UserPolicy(
        name, spec, lambda env: build_policy(agent, env), {path.name: sha256_of(path)}
    )


users_code = partial(users_code_of, error=BenchmarkError)
"""As :func:`asl_gym.users_code.users_code`, with a :class:`BenchmarkError`."""


def _parts(spec: str) -> tuple[str, str, str]:
    """The name (empty if not given), the module or file, and the attribute or a model's stem."""
    name, equals, rest = spec.partition("=")
    if not equals:
        name, rest = "", spec
    if rest.endswith((MODEL, AGENT)):
        place, attribute, placed = rest, Path(rest).stem, "\0" not in rest
    else:
        place, _, attribute = rest.rpartition(":")
        is_file = place.endswith(".py") and "\0" not in place
        placed = attribute.isidentifier() and (is_file or bool(MODULE.fullmatch(place)))
    if not (placed and NAME.fullmatch(name if equals else attribute)):
        raise BenchmarkError(
            f"--policy {_shortened(spec)} is not allowed: expected {EXPECTED}, the name of at most "
            f"{LONGEST_NAME} letters, digits, '_', '.' and '-'"
        )
    return name, place, attribute


def _shortened(spec: str) -> str:
    return repr(spec if len(spec) <= 200 else f"{spec[:200]}…")
