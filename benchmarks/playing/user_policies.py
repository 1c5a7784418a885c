"""A user's own policies: from ``package.module:Class`` or ``path/to/file.py:Class`` to a factory.

What is named is called with the environment, as :func:`asl_gym.scoring.fitting.build_policy` does,
and must give a policy. An episode may depend on nothing but its seed, since an interrupted
benchmark goes on with the seeds that are missing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from asl_gym.users_code import MODULE, callables_of, module_named
from asl_gym.users_code import users_code as users_code_of
from benchmarks.errors import BenchmarkError
from benchmarks.playing.own_modules import digests_of_own_modules

__all__ = ["PROTOCOL", "UserPolicy", "load_user_policy", "users_code"]

LONGEST_NAME = 60
NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}")
EXPECTED = "[NAME=]package.module:Class or [NAME=]path/to/file.py:Class"

PROTOCOL = (
    "predict(observation, state=None, episode_start=None, deterministic=True) -> (action, state)"
)
"""What a policy has to offer."""


@dataclass(frozen=True)
class UserPolicy:
    """A policy class or function that a user named.

    Attributes:
        name: Its name in the results.
        spec: What the user wrote.
        factory: Builds the policy from an environment.
        files: SHA-256 of the file that defines it and of those that it imports from beside it.
    """

    name: str
    spec: str
    factory: Callable[[Any], Any]
    files: Mapping[str, str]


def load_user_policy(spec: str) -> UserPolicy:
    """Loads the policy that ``[NAME=]MODULE:CLASS`` names.

    A file is run as ``python file.py`` would: it may import what lies beside it.

    Raises:
        BenchmarkError: If the text has another form, or what it names does not exist, fails or
            cannot be called.
    """
    given_name, place, attribute = _parts(spec)
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


users_code = partial(users_code_of, error=BenchmarkError)
"""As :func:`asl_gym.users_code.users_code`, with a :class:`BenchmarkError`."""


def _parts(spec: str) -> tuple[str, str, str]:
    """The name (empty if not given), the module or file, and the attribute."""
    name, equals, rest = spec.partition("=")
    if not equals:
        name, rest = "", spec
    place, _, attribute = rest.rpartition(":")
    named = NAME.fullmatch(name if equals else attribute)
    placed = MODULE.fullmatch(place) or (place.endswith(".py") and "\0" not in place)
    if not (placed and attribute.isidentifier() and named):
        raise BenchmarkError(
            f"--policy {_shortened(spec)} is not allowed: expected {EXPECTED}, the name of at most "
            f"{LONGEST_NAME} letters, digits, '_', '.' and '-'"
        )
    return name, place, attribute


def _shortened(spec: str) -> str:
    return repr(spec if len(spec) <= 200 else f"{spec[:200]}…")
