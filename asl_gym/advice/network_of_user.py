"""A network, and its inputs, as a command line names them."""

import re
from types import FunctionType
from typing import Any

from asl_gym.model.profiles import NetworkProfile
from asl_gym.users_code import MODULE, UsersCodeError, callables_of, module_named, users_code
from asl_gym.validation.checks import FieldError

__all__ = ["checked_spec", "inputs_of", "is_shipped", "network_of"]

EXPECTED = "FILE.py:FUNCTION or package.module:FUNCTION"
SHAPE = re.compile(r"(?P<shape>[1-9][0-9]*(x[1-9][0-9]*)*)(:(?P<dtype>[a-z0-9]+))?")


def is_shipped(name: str) -> bool:
    """Whether a network is named that has a shipped profile."""
    return name in NetworkProfile.shipped_names()


def network_of(spec: str) -> Any:
    """The torch module that a user's function, class or variable gives.

    Raises:
        UsersCodeError: (a ValueError) If there is none, or it fails or gives no torch module.
        FieldError: (a ValueError) If the text has another form.
    """
    from torch import nn

    built = _built("network", spec)
    if isinstance(built, nn.Module):
        return built
    raise UsersCodeError(f"{spec!r} gave a {type(built).__name__}: expected a torch.nn.Module")


def inputs_of(specs: list[str]) -> Any:
    """Inputs of a network, a batch of one sample.

    Args:
        specs: ``"3x224x224"`` or ``"1024:int64"``, one for each argument of the network: the shape
            of one sample, and perhaps a dtype of torch; or one function of a user that returns the
            inputs.

    Raises:
        UsersCodeError: (a ValueError) If the user's function is not there or fails.
        FieldError: (a ValueError) If a text has another form, or there is no such dtype.
    """
    if len(specs) == 1 and ":" in specs[0] and not SHAPE.fullmatch(specs[0]):
        return _built("input", specs[0])
    inputs = tuple(_zeros(spec) for spec in specs)
    return inputs if len(inputs) > 1 else inputs[0]


def _zeros(spec: str) -> Any:
    import torch

    found = SHAPE.fullmatch(spec)
    if found is None:
        allowed = f"a shape such as 3x224x224 or 128:int64 (without the batch), or {EXPECTED}"
        raise FieldError("input", spec, allowed)
    dtype = getattr(torch, found["dtype"] or "float32", None)
    if not isinstance(dtype, torch.dtype):
        raise FieldError("input", spec, "a dtype of torch, such as float32 or int64")
    return torch.zeros(1, *map(int, found["shape"].split("x")), dtype=dtype)


def checked_spec(option: str, spec: str) -> tuple[str, str]:
    """The module or file, and the name in it, of a text ``FILE.py:NAME``.

    Raises:
        FieldError: (a ValueError) If the text has another form; it lists the shipped networks where
            one was expected.
    """
    place, _, attribute = spec.rpartition(":")
    if not (MODULE.fullmatch(place) or place.endswith(".py")) or not attribute.isidentifier():
        shipped = ", ".join(NetworkProfile.shipped_names())
        known = f", or a shipped one: {shipped}" if option == "network" else ""
        raise FieldError(option, spec, EXPECTED + known)
    return place, attribute


def _built(option: str, spec: str) -> Any:
    """What a user's ``FILE.py:NAME`` gives, called if it is a function or a class."""
    place, attribute = checked_spec(option, spec)
    with users_code(f"{spec!r} cannot be imported", "code that runs"):
        module = module_named(place, repr(spec), EXPECTED)
        given = getattr(module, attribute, None)
    if given is None:
        has = callables_of(module)
        raise UsersCodeError(f"{place} has no {attribute!r}: expected one of {has}")
    if not (isinstance(given, type | FunctionType)):
        return given
    with users_code(f"{spec!r} failed", "a function or class that is called without arguments"):
        return given()
