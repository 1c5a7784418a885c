"""Network profiles as validated data, and those that are shipped."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.library import build_network
from asl_gym.validation.checks import FieldError

SMALL: dict[str, Any] = {
    "name": "small",
    "layer_names": ["conv", "fc"],
    "forward_flops": [0, 100, 150.5],
    "backward_flops": [0, 100, 200],
    "activation_bits": [64, 32, 8],
    "parameter_bits": [0, 10, 30],
}


def test_shipped_profiles_are_cached_and_unknown_names_list_the_known() -> None:
    assert NetworkProfile.shipped("lenet5") is NetworkProfile.shipped("lenet5")
    with pytest.raises(ValueError, match=r"'lenet6'.*'lenet5'"):
        NetworkProfile.shipped("lenet6")
    with pytest.raises(ValueError, match=r"'lenet6'.*'lenet5'"):
        build_network("lenet6")


def test_profiles_need_no_torch() -> None:
    code = (
        "import sys; from asl_gym.model.profiles import NetworkProfile; "
        "NetworkProfile.shipped('deep_lenet'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_fields_become_plain_and_hashable() -> None:
    profile = NetworkProfile(**SMALL)
    assert profile.num_layers == 2
    assert list(profile.training_flops) == [0, 200, 350.5]
    assert profile.layer_names == ("conv", "fc")
    assert len({profile, NetworkProfile.from_dict(SMALL)}) == 1
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert profile.to_dict() == SMALL


OPTIONAL: dict[str, Any] = {
    "gradient_bits": [0, 16, 8],
    "activation_bytes": [0, 4, 4.5],
    "weight_bytes": [0, 8, 24],
    "operators": [0, 1, 3],
}


def test_without_further_figures_the_gradient_is_as_large_as_the_activation() -> None:
    profile = NetworkProfile.from_dict(SMALL)
    assert list(profile.downlink_bits) == list(profile.activation_bits) == [64, 32, 8]
    assert profile.to_dict() == SMALL


def test_further_figures_are_optional_each(tmp_path: Path) -> None:
    full = NetworkProfile.from_dict({**SMALL, **OPTIONAL})
    assert list(full.downlink_bits) == [0, 16, 8]
    assert full.to_dict() == {**SMALL, **OPTIONAL}
    full.to_json(tmp_path / "full.json")
    assert NetworkProfile.from_json(tmp_path / "full.json") == full
    for name, figures in OPTIONAL.items():
        alone = NetworkProfile.from_dict({**SMALL, name: figures})
        assert alone.to_dict() == {**SMALL, name: figures}
        assert alone != NetworkProfile.from_dict(SMALL)


FIGURES = st.just(0.0) | st.floats(1e-6, 1e15)
INCREMENTS = st.lists(st.tuples(*[FIGURES] * 4), min_size=1)


@given(INCREMENTS)
def test_json_round_trip(rows: list[tuple[float, ...]]) -> None:
    columns = [tuple(accumulate(column, initial=0.0)) for column in zip(*rows, strict=True)]
    columns[0] = (*columns[0][:-1], columns[0][-1] + 1)
    names = tuple(f"layer {index}" for index in range(len(rows)))
    profile = NetworkProfile("some", names, *columns)
    assert NetworkProfile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


def test_file_round_trip(tmp_path: Path) -> None:
    profile = replace(NetworkProfile.shipped("lenet5"), name="naïve")
    profile.to_json(tmp_path / "profile.json")
    assert NetworkProfile.from_json(tmp_path / "profile.json") == profile


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", r"profile\.name = ''"),
        ("layer_names", [], "at least one name"),
        ("layer_names", "ab", "'ab'"),
        ("layer_names", ["conv", 3], r"layer_names\[1\] = 3"),
        ("layer_names", ["conv"], "forward_flops = '3 entries'.* 2 entries"),
        ("activation_bits", [64, 32], "activation_bits = '2 entries'.* 3 entries"),
        ("activation_bits", [64, -1, 8], r"activation_bits\[1\] = -1 .* >= 0"),
        ("activation_bits", [64, float("inf"), 8], r"activation_bits\[1\] = inf .*finite"),
        ("activation_bits", 5, "a sequence of numbers"),
        ("forward_flops", [0, float("nan"), 8], r"forward_flops\[1\] = nan .*finite"),
        ("forward_flops", [0, "many", 8], r"forward_flops\[1\] = 'many'"),
        ("forward_flops", [1, 2, 3], r"forward_flops\[0\] = 1.* 0, as no layer"),
        ("backward_flops", [0, 20, 10], r"backward_flops\[2\] = 10.* at least entry 1, 20"),
        ("parameter_bits", [0, 20, 10], r"parameter_bits\[2\] = 10.* cumulative"),
        ("gradient_bits", [0, 20], "gradient_bits = '2 entries'.* 3 entries"),
        ("gradient_bits", [0, -20, 10], r"gradient_bits\[1\] = -20 .* >= 0"),
        ("activation_bytes", [1, 20, 10], r"activation_bytes\[0\] = 1.* 0, as no layer"),
        ("weight_bytes", [0, 20, 10], r"weight_bytes\[2\] = 10.* cumulative"),
        ("operators", [0, "two", 3], r"operators\[1\] = 'two'"),
    ],
)
def test_errors_name_field_value_and_what_is_allowed(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkProfile.from_dict({**SMALL, field: value})


def test_a_profile_without_any_flops_is_refused() -> None:
    with pytest.raises(ValueError, match=r"total >= 1 \[FLOP/sample\]"):
        NetworkProfile(**{**SMALL, "forward_flops": [0] * 3, "backward_flops": [0] * 3})


def test_missing_and_unknown_keys_are_named() -> None:
    with pytest.raises(FieldError, match=r"^profile = 'flops' .* one of the fields name, layer_n"):
        NetworkProfile.from_dict({**SMALL, "flops": 3})
    without = {name: value for name, value in SMALL.items() if name != "parameter_bits"}
    with pytest.raises(FieldError, match=r"^profile\.parameter_bits = 'missing'"):
        NetworkProfile.from_dict(without)
    with pytest.raises(FieldError, match="an object of named fields: name, layer_names"):
        NetworkProfile.from_dict([1, 2])  # type: ignore[arg-type]
