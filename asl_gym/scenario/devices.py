"""Kinds of real devices and servers as data, and fleets in words.

``asl_gym/data/devices.toml`` holds the shipped kinds, each constant with its source or with why it
is assumed. A user's own file has the same format (:func:`kinds_from_toml`); in it a constant may be
a plain number.
"""

import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from asl_gym.model import limits
from asl_gym.scenario.device_kinds import (
    DeviceKind,
    Kind,
    Origin,
    ServerKind,
    constant_names,
    sources_of,
)
from asl_gym.validation.checks import FieldError, number, whole_number
from asl_gym.validation.text_file import TextFileError, check_decoded, file_text

__all__ = [
    "DeviceKind",
    "Kinds",
    "ServerKind",
    "device_kind",
    "device_kind_names",
    "kinds_from_toml",
    "parse_devices",
    "server_kind",
    "server_kind_names",
    "sources_of",
]

AnyKind = TypeVar("AnyKind", bound=Kind)


class Kinds(NamedTuple):
    """Kinds by their names.

    Attributes:
        devices: The kinds of devices.
        servers: The kinds of servers.
    """

    devices: Mapping[str, DeviceKind] = MappingProxyType({})
    servers: Mapping[str, ServerKind] = MappingProxyType({})


NO_KINDS = Kinds()


def device_kind(name: str, own: Kinds = NO_KINDS) -> DeviceKind:
    """Returns a kind of device.

    Args:
        name: Its name.
        own: A user's kinds, which come before the shipped ones.

    Raises:
        FieldError: If there is none of that name.
    """
    known = _with_shipped(own)
    return _found("device", name, known.devices, ("server", known.servers))


def server_kind(name: str, own: Kinds = NO_KINDS) -> ServerKind:
    """Returns a kind of server; arguments and errors as for :func:`device_kind`."""
    known = _with_shipped(own)
    return _found("server", name, known.servers, ("device", known.devices))


def device_kind_names() -> tuple[str, ...]:
    """Names of the shipped kinds of devices."""
    return tuple(_shipped().devices)


def server_kind_names() -> tuple[str, ...]:
    """Names of the shipped kinds of servers."""
    return tuple(_shipped().servers)


def _with_shipped(own: Kinds) -> Kinds:
    shipped = _shipped()
    return Kinds({**shipped.devices, **own.devices}, {**shipped.servers, **own.servers})


def _found(
    what: str, name: str, known: Mapping[str, AnyKind], other: tuple[str, Mapping[str, Kind]]
) -> AnyKind:
    if isinstance(name, str) and name in known:
        return known[name]
    allowed = f"a kind of {what}, one of " + ", ".join(map(repr, known))
    if isinstance(name, str) and name in other[1]:
        allowed += f"; this is a kind of {other[0]}"
    raise FieldError(what, name, allowed)


def parse_devices(text: str, own: Kinds = NO_KINDS) -> list[tuple[int, DeviceKind]]:
    """Returns a fleet said in words, for example ``"4xraspberry-pi-4,2xjetson-nano-maxn"``.

    Args:
        text: Names of kinds of devices with commas between; a name alone is one device.
        own: A user's kinds, which come before the shipped ones.

    Returns:
        Numbers of devices and their kinds, in order; a kind may come more than once.

    Raises:
        FieldError: If a part is no number of at least 1 and a kind, or the devices are too many.
    """
    if not isinstance(text, str):
        raise FieldError("devices", text, "a text such as '4xraspberry-pi-4,phone'")
    fleet = [_several(part.strip(), own) for part in text.split(",")]
    whole_number("devices", sum(count for count, _ in fleet), 1, limits.MAX_DEVICES)
    return fleet


def _several(part: str, own: Kinds) -> tuple[int, DeviceKind]:
    counted = re.fullmatch(r"([-+]?[0-9.]+)\s*[x×X*]\s*(.+)", part)
    if counted is None:
        if not part:
            raise FieldError("devices", part, "kinds with commas between, such as 4xphone,laptop")
        return 1, device_kind(part, own)
    digits, name = counted.groups()
    # Python refuses to read more than 4300 digits.
    if not re.fullmatch("0*[1-9][0-9]{0,9}", digits):
        allowed = f"a whole number >= 1 and <= {limits.MAX_DEVICES} before the x"
        raise FieldError("devices", part, allowed)
    return int(digits), device_kind(name, own)


def kinds_from_toml(path: str | Path) -> Kinds:
    """Reads kinds from a file in the format of ``asl_gym/data/devices.toml``.

    A constant is a number, or a table of ``value`` and of either ``source`` or ``assumed``, both
    of which may be left out; so may a ``description``.

    Args:
        path: The file.

    Raises:
        TextFileError: If it cannot be read or is no TOML.
        FieldError: If there is no kind in it, a constant is missing or not allowed, or a key is
            unknown; the error names file, kind and key.
    """
    file = Path(path)
    text = file_text(file)
    try:
        check_decoded(text)
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TextFileError(file, f"the file is not valid TOML: {error}") from error
    return _kinds(str(file), data)


@cache
def _shipped() -> Kinds:
    file: Traversable = importlib.resources.files("asl_gym") / "data" / "devices.toml"
    return _kinds("devices.toml", tomllib.loads(file.read_text(encoding="utf-8")))


def _kinds(place: str, data: Mapping[str, Any]) -> Kinds:
    for table in data:
        if table not in Kinds._fields:
            raise FieldError(place, table, "the tables devices and servers")
    devices = _table(f"{place}: devices", data.get("devices", {}), DeviceKind)
    servers = _table(f"{place}: servers", data.get("servers", {}), ServerKind)
    if not devices and not servers:
        raise FieldError(place, "no kind", "at least one table [devices.NAME] or [servers.NAME]")
    for name in devices.keys() & servers.keys():
        raise FieldError(place, name, "a device or a server of that name, not both")
    return Kinds(MappingProxyType(devices), MappingProxyType(servers))


def _table(place: str, data: Any, kind: type[AnyKind]) -> dict[str, AnyKind]:
    if not isinstance(data, Mapping):
        raise FieldError(place, data, "tables of constants, one a kind")
    return {name: _kind(f"{place}.{name}", name, given, kind) for name, given in data.items()}


def _kind(place: str, name: str, data: Any, kind: type[AnyKind]) -> AnyKind:
    names = constant_names(kind)
    if not isinstance(data, Mapping):
        raise FieldError(place, data, "a table of the constants " + ", ".join(names))
    for key in data:
        if key not in ("description", *names):
            raise FieldError(place, key, "description and the constants " + ", ".join(names))
    values, origins = {}, []
    for constant in names:
        if constant not in data:
            raise FieldError(f"{place}.{constant}", "missing", "a value")
        values[constant], said = _constant(f"{place}.{constant}", constant, data[constant])
        origins += said
    description = data.get("description", "")
    try:
        return kind(name=name, description=description, origins=tuple(origins), **values)
    except FieldError as error:
        raise FieldError(f"{place}.{error.field}", error.value, error.allowed) from error


def _constant(place: str, name: str, given: Any) -> tuple[float, list[Origin]]:
    if not isinstance(given, Mapping):
        return number(place, given), []
    for key in given:
        if key not in ("value", "source", "assumed"):
            raise FieldError(place, key, "value, source and assumed")
    if "value" not in given:
        raise FieldError(f"{place}.value", "missing", "a number")
    value = number(f"{place}.value", given["value"])
    if "source" in given and "assumed" in given:
        raise FieldError(place, "source and assumed", "one of the two")
    origins = []
    for basis in ("source", "assumed"):
        if basis in given:
            text = given[basis]
            if not isinstance(text, str) or not text.strip():
                raise FieldError(f"{place}.{basis}", text, "a text")
            origins.append(Origin(name, value, basis, text))
    return value, origins
