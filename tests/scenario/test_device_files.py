"""A user's own file of kinds of devices and servers."""

from pathlib import Path
from typing import Any

import pytest

from asl_gym.scenario.device_kinds import DeviceKind, ServerKind, sources_of
from asl_gym.scenario.devices import (
    Kinds,
    device_kind,
    kinds_from_toml,
    parse_devices,
    server_kind,
)
from asl_gym.validation.checks import FieldError
from asl_gym.validation.text_file import TextFileError

CAMERA: dict[str, Any] = {
    "clock_hz": 1e9,
    "flops_per_cycle": 4,
    "memory_bytes_per_s": 2e9,
    "operator_s": 0,
    "computing_power_w": 3.5,
    "sending_power_w": 1.2,
    "receiving_power_w": 1.1,
    "transmit_power_w": 0.1,
}
RACK: dict[str, Any] = {
    "clock_min_hz": 1e9,
    "clock_max_hz": 3e9,
    "flops_per_cycle": 100,
    "memory_bytes_per_s": 1e11,
    "operator_s": 1e-5,
    "computing_power_w": 250,
}


def toml(table: str, constants: dict[str, Any]) -> str:
    """A table of constants; numbers as Python writes them are TOML, other values are given so."""
    return f"[{table}]\n" + "".join(f"{name} = {value}\n" for name, value in constants.items())


def own_kinds(folder: Path, *tables: str) -> Kinds:
    path = folder / "my-devices.toml"
    path.write_text("\n".join(tables))
    return kinds_from_toml(path)


def test_own_kinds_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    camera = {**CAMERA, "description": '"A camera"'}
    own = own_kinds(tmp_path, toml("devices.camera", camera), toml("servers.rack", RACK))
    assert parse_devices("2xcamera,phone", own) == [
        (2, DeviceKind(name="camera", description="A camera", **CAMERA)),
        (1, device_kind("phone")),
    ]
    assert server_kind("rack", own) == ServerKind(name="rack", **RACK)
    assert {each.basis for each in sources_of(device_kind("camera", own))} == {"unstated"}
    with pytest.raises(FieldError, match=r"'laptop'$"):
        device_kind("camera")


def test_own_constants_may_state_where_they_come_from(tmp_path: Path) -> None:
    measured = {**CAMERA, "computing_power_w": '{ value = 3, source = "a wattmeter" }'}
    guessed = {**measured, "sending_power_w": '{ value = 1, assumed = "a guess" }'}
    plain = {**guessed, "operator_s": "{ value = 1e-6 }"}
    camera = own_kinds(tmp_path, toml("devices.camera", plain)).devices["camera"]
    said = {each.name: (each.value, each.basis, each.text) for each in sources_of(camera)}
    assert said["computing_power_w"] == (3.0, "source", "a wattmeter")
    assert said["sending_power_w"] == (1.0, "assumed", "a guess")
    assert said["operator_s"] == (1e-6, "unstated", "")


def test_an_own_kind_comes_before_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    own = own_kinds(tmp_path, toml("devices.phone", CAMERA))
    assert device_kind("phone", own).clock_hz == 1e9
    assert device_kind("phone").clock_hz == 2.84e9


@pytest.mark.parametrize(
    ("table", "name", "value", "field", "shown"),
    [
        ("devices", "clok_hz", "1e9", "devices.mine", "clok_hz"),
        ("devices", "name", '"mine"', "devices.mine", "name"),
        ("devices", "clock_max_hz", "1e9", "devices.mine", "clock_max_hz"),
        ("devices", "description", "4", "devices.mine.description", 4),
        ("devices", "clock_hz", '"fast"', "devices.mine.clock_hz", "fast"),
        ("devices", "clock_hz", "true", "devices.mine.clock_hz", True),
        ("devices", "clock_hz", "1.0", "devices.mine.clock_hz", 1.0),
        ("devices", "memory_bytes_per_s", "0", "devices.mine.memory_bytes_per_s", 0.0),
        ("devices", "memory_bytes_per_s", "[1e9]", "devices.mine.memory_bytes_per_s", [1e9]),
        ("devices", "operator_s", "-1e-6", "devices.mine.operator_s", -1e-6),
        ("devices", "operator_s", "{}", "devices.mine.operator_s.value", "missing"),
        ("devices", "operator_s", "{ value = 1, note = 2 }", "devices.mine.operator_s", "note"),
        ("devices", "operator_s", '{ value = "1 W" }', "devices.mine.operator_s.value", "1 W"),
        (
            "devices",
            "operator_s",
            '{ value = 1, source = " " }',
            "devices.mine.operator_s.source",
            " ",
        ),
        (
            *("devices", "sending_power_w", '{ value = 1, source = "a", assumed = "b" }'),
            *("devices.mine.sending_power_w", "source and assumed"),
        ),
        ("servers", "clock_hz", "1e9", "servers.mine", "clock_hz"),
        ("servers", "clock_min_hz", "4e9", "servers.mine.clock_min_hz", 4e9),
        ("servers", "computing_power_w", "nan", "servers.mine.computing_power_w", "nan"),
    ],
)
def test_a_wrong_constant_names_file_kind_and_key(
    table: str, name: str, value: str, field: str, shown: Any, tmp_path: Path
) -> None:
    good = CAMERA if table == "devices" else RACK
    with pytest.raises(FieldError) as caught:
        own_kinds(tmp_path, toml(f"{table}.mine", {**good, name: value}))
    assert caught.value.field == f"{tmp_path / 'my-devices.toml'}: {field}"
    assert str(caught.value.value) == str(shown)


@pytest.mark.parametrize(
    ("table", "name"), [("devices", name) for name in CAMERA] + [("servers", name) for name in RACK]
)
def test_every_constant_has_to_be_there(table: str, name: str, tmp_path: Path) -> None:
    constants = dict(CAMERA if table == "devices" else RACK)
    del constants[name]
    with pytest.raises(FieldError, match=rf"{table}\.mine\.{name} = 'missing'"):
        own_kinds(tmp_path, toml(f"{table}.mine", constants))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", "no kind"),
        ("[devices]", "no kind"),
        ("device = 4", "device"),
        ("devices = 4", 4),
        ("[devices]\nmine = 4", 4),
        (toml("devices.mine", CAMERA) + toml("servers.mine", RACK), "mine"),
        (toml('devices."4xphone"', CAMERA), "4xphone"),
        (toml('devices."a,b"', CAMERA), "a,b"),
    ],
)
def test_a_file_of_other_tables_is_refused(text: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(FieldError, match=r"my-devices\.toml") as caught:
        own_kinds(tmp_path, text)
    assert caught.value.value == value


@pytest.mark.parametrize(
    "content",
    [
        b"[devices.mine",
        b"[devices.mine]\nclock_hz = 1e9\nclock_hz = 2e9",
        b"[devices.mine]\nclock_hz = " + b"9" * 5000,
        b"a = " + b"[" * 100_000,
        b'[devices.mine]\ndescription = "\xff"',
        b"\0",
    ],
)
def test_a_file_that_is_no_toml_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "my-devices.toml"
    path.write_bytes(content)
    with pytest.raises(TextFileError, match=r"my-devices\.toml"):
        kinds_from_toml(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TextFileError, match="No such file"):
        kinds_from_toml(tmp_path / "my-devices.toml")
