"""JSON files: how scenarios and profiles are read, and what is refused with file and place."""

import copy
import dataclasses
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.building import load_scenario
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from asl_gym.validation.json_files import JsonFileError, read_json
from tests.battery_strategies import all_scenarios

DEFAULT = preset("default")
TEXT = json.dumps(DEFAULT.to_dict())


def written(folder: Path, content: bytes | str) -> Path:
    path = folder / "mine.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_value(place: str, value: Any) -> dict[str, Any]:
    """The default scenario's data with another value at a dotted place."""
    data: Any = copy.deepcopy(DEFAULT.to_dict())
    *parents, last = place.split(".")
    holder = data
    for name in parents:
        holder = holder[name]
    holder[last] = value
    return data  # type: ignore[no-any-return]


def refusal(path: Path) -> JsonFileError:
    """How both ways to load a scenario refuse a file; the error keeps through pickling."""
    with pytest.raises(JsonFileError) as caught:
        Scenario.from_json(path)
    with pytest.raises(JsonFileError) as loaded:
        load_scenario(path)
    error = caught.value
    assert isinstance(error, FieldError)
    assert str(error) == str(loaded.value) == str(pickle.loads(pickle.dumps(error)))
    assert path.name in str(error)
    return error


# What is read


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_encoding_of_json_is_read(encoding: str, tmp_path: Path) -> None:
    text = TEXT.replace('"deep_lenet"', '"naïve 網"')
    path = written(tmp_path, text.encode(encoding))
    assert Scenario.from_json(path).workload.profile.name == "naïve 網"
    profile = json.dumps(DEFAULT.workload.profile.to_dict()).encode(encoding)
    assert NetworkProfile.from_json(written(tmp_path, profile)) == DEFAULT.workload.profile


@given(scenario=all_scenarios())
def test_every_scenario_survives_a_file(scenario: Scenario, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "scenario.json"
    scenario.to_json(path)
    assert Scenario.from_json(path) == scenario
    scenario.workload.profile.to_json(path)
    assert NetworkProfile.from_json(path) == scenario.workload.profile


TEXTS = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda parts: st.lists(parts) | st.dictionaries(TEXTS, parts),
    max_leaves=6,
)


@given(data=JSON)
def test_any_json_is_read_as_it_is(data: Any, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert read_json(path, "data") == data


# The number of the format


def test_files_say_their_schema_and_plain_data_does_not(tmp_path: Path) -> None:
    for thing in (DEFAULT, DEFAULT.workload.profile):
        thing.to_json(tmp_path / "thing.json")
        found = json.loads((tmp_path / "thing.json").read_text(encoding="utf-8"))
        assert found["schema"] == 1
        assert "schema" not in thing.to_dict()
        assert type(thing).from_dict(found) == thing
    nested = with_value("workload.profile", found)
    assert Scenario.from_dict(nested) == DEFAULT


def test_a_file_without_a_schema_is_of_the_oldest(tmp_path: Path) -> None:
    assert Scenario.from_json(written(tmp_path, TEXT)) == DEFAULT


@pytest.mark.parametrize("schema", [2, 0, -1, 1.0, "1", None, True, [1]])
def test_other_schemas_are_refused_by_name(schema: Any, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"schema": schema} | DEFAULT.to_dict()))
    error = refusal(path)
    assert (error.field, error.value) == ("scenario.schema", schema)
    assert "<= 1; a newer version of asl-gym" in error.allowed
    profile = {"schema": schema} | DEFAULT.workload.profile.to_dict()
    path = written(tmp_path, json.dumps(with_value("workload.profile", profile)))
    assert refusal(path).field == "workload.profile.schema"


# What is refused, by file and place


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "valid JSON .*line 1 column 1"),
        (b"   ", "valid JSON"),
        (b"{", "valid JSON"),
        (b"\xff\xfe", "valid JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff", "valid JSON, which is text"),
        (bytes(range(256)), "valid JSON, which is text"),
        (b"\x1f\x8b\x08\x00" * 100, "valid JSON"),
        ("[" * 100_000, "nested at most 100 levels"),
        ("[" * 150 + "]" * 150, "nested at most 100 levels"),
        ('{"a":' * 900 + "1" + "}" * 900, "nested at most 100 levels"),
        ("[]", r"scenario = \[\] .* an object of named fields"),
        ("7", "scenario = 7 .* an object of named fields"),
        ("null", "scenario = None .* an object of named fields"),
        ('"default"', "scenario = 'default' .* an object of named fields"),
        ("NaN", "scenario = nan .* finite number"),
        ("1" * 5_000, "scenario = inf .* finite number"),
        ('{"v": 1, "v": 1}', "scenario = 'v' .* each key once"),
        ('{"radio": {"a": [{"b": 1, "b": 2}]}}', r"radio\.a\[0\] = 'b' .* each key once"),
        (TEXT.replace('"v": 5.0', '"v": NaN'), "v = nan .* finite number"),
        (TEXT.replace('"v": 5.0', '"v": -Infinity'), "v = -inf .* finite number"),
        (TEXT.replace('"v": 5.0', '"v": 1e999'), "v = inf .* finite number"),
        (TEXT.replace('"v": 5.0', '"v": ' + "9" * 5_000), "v = inf .* finite number"),
        (TEXT.replace('"v": 5.0', '"v": ' + "9" * 350), "v = 9999.* finite number"),
        (TEXT.replace('"v": 5.0', '"v": ' + "9" * 300), "v = 9999.* >= 1e-09 and <= 1e"),
        (TEXT.replace('"horizon": 200', '"horizon": ' + "9" * 300), "horizon = 9.* <= 1000000"),
        (TEXT.replace("conv1", r"\ud800"), r"layer_names\[0\] = .* surrogate"),
    ],
)
def test_files_that_are_no_scenario(content: bytes | str, message: str, tmp_path: Path) -> None:
    error = refusal(written(tmp_path, content))
    with pytest.raises(JsonFileError, match=message):
        raise error


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("budget.fraction", 2, "budget.fraction"),
        ("budget.fraction", [0.5], "budget.fraction"),
        ("fleet.clock_hz", {"0": 1e9}, "fleet.clock_hz"),
        ("fleet.clock_hz", [1e9, "fast"], r"fleet.clock_hz[1]"),
        ("workload.profile.layer_names", ["a", "b", "c", 3], "workload.profile.layer_names[3]"),
        ("workload.profile.forward_flops", [1], "workload.profile.forward_flops"),
        ("workload.profile.colour", 1, "workload.profile"),
        ("workload.profile", None, "workload.profile"),
        ("workload.splits", "12", "workload.splits"),
        ("workload.splits", {"1": 1}, "workload.splits"),
        ("radio.fading", ["block"], "radio.fading"),
        ("radio.colour", 1, "radio"),
        ("schedule", {}, "schedule"),
        ("knowledge", None, "knowledge"),
        ("knowledge.csi_delay_rounds", 1.5, "knowledge.csi_delay_rounds"),
    ],
)
def test_errors_name_the_dotted_place_and_the_file(
    place: str, value: Any, field: str, tmp_path: Path
) -> None:
    path = written(tmp_path, json.dumps(with_value(place, value)))
    error = refusal(path)
    assert error.field == field
    assert str(error).startswith(f"{path}: {field} = ")


def test_every_missing_key_is_named(tmp_path: Path) -> None:
    fields = dataclasses.fields(DEFAULT.workload.profile)
    for name in (each.name for each in fields if each.default is dataclasses.MISSING):
        data = DEFAULT.to_dict()
        del data["workload"]["profile"][name]
        error = refusal(written(tmp_path, json.dumps(data)))
        assert (error.field, error.value) == (f"workload.profile.{name}", "missing")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe", "folder", "missing", "x" * 300):
        path = tmp_path / f"{name}.json"
        error = refusal(path)
        assert str(error).startswith(f"scenario = {str(path)!r}"[:200])
        assert "an existing JSON file" in str(error)
        with pytest.raises(JsonFileError, match=r"^profile = "):
            NetworkProfile.from_json(path)
    with pytest.raises(JsonFileError, match="an existing JSON file"):
        read_json("nul\0.json", "scenario")


def test_errors_show_any_value_and_not_all_of_a_long_one() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    for value in (10**5_000, nested):
        assert "too large to show" in str(FieldError("v", value, "less"))
    assert len(str(FieldError("v", [0.0] * 10_000, "less"))) < 400
