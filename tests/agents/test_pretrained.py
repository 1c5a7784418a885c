"""Shipped weights are numbers alone, the manifest's own, and act as the trained models do."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import torch
from stable_baselines3.common import save_util
from stable_baselines3.common.base_class import BaseAlgorithm

from agents import pretrained
from agents.configuration import ALGORITHMS, Configuration, load_configuration
from agents.playing import as_policy
from agents.pretrained import weights
from agents.pretrained.shipping import ship
from agents.training import training_env
from asl_gym import Evaluator, evaluate
from tests.agents.agent_samples import quick_configuration

SOURCE = pretrained.folder()
SHIPPED = [(name, env_id) for env_id, agents in pretrained.manifest().items() for name in agents]


def untrained(configuration: Configuration) -> BaseAlgorithm:
    env = training_env(configuration)
    arguments = configuration.model_arguments(env.action_space)
    return configuration.algorithm_class(env=env, seed=0, device="cpu", **arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pretrained, "folder", lambda: tmp_path)
    return tmp_path


def copied(folder: Path, **changes: Any) -> dict[str, Any]:
    """Copies the manifest with changes of one entry, and that entry's file."""
    contents = json.loads((SOURCE / pretrained.MANIFEST).read_text(encoding="utf-8"))
    entry: dict[str, Any] = contents["ASL-v0"]["ppo"]
    for file in (entry["file"], entry["played"]["file"]):
        shutil.copy(SOURCE / file, folder)
    entry["played"] |= changes
    (folder / pretrained.MANIFEST).write_text(json.dumps(contents), encoding="utf-8")
    return entry


@pytest.mark.parametrize(
    "algorithm", ["ppo", "recurrent_ppo", "tqc", "hybrid", "shared", "device_ppo", "generalist"]
)
def test_a_shipped_model_decides_alike_and_is_smaller(algorithm, folder):
    configuration = quick_configuration(algorithm)
    trained = folder / "trained.zip"
    untrained(configuration).save(trained)
    shipped = ship(trained, configuration, {"seed": 0})
    assert shipped.stat().st_size < 0.7 * trained.stat().st_size
    first, second = (
        evaluate(each, seeds=[3], horizon=5)[0]
        for each in (
            as_policy(ALGORITHMS[algorithm].load(trained, device="cpu")),
            pretrained.load(algorithm, "ASL-v0"),
        )
    )
    # Frequencies that follow from an actor's positions are rounded otherwise.
    assert first.mean_delay_s == pytest.approx(second.mean_delay_s, rel=1e-6)
    assert first.mean_energy_j == pytest.approx(second.mean_energy_j, rel=1e-6)


def test_a_module_that_acting_needs_is_not_taken_for_a_critic(folder, monkeypatch):
    monkeypatch.setattr(weights, "CRITICS", frozenset({"policy_net"}))
    configuration = quick_configuration("ppo")
    untrained(configuration).save(folder / "trained.zip")
    with pytest.raises(ValueError, match="decides otherwise with the weights"):
        ship(folder / "trained.zip", configuration, {"seed": 0})
    assert pretrained.manifest() == {}
    assert not list(folder.glob("*.safetensors"))


def test_nothing_is_unpickled_on_the_way_to_a_decision(monkeypatch):
    class Refused:
        def __init__(self, *_: Any, **__: Any) -> None:
            raise AssertionError("something was unpickled")

    # Numba keeps the solver's machine code in pickled files of its own, which are not shipped.
    for name, env_id in SHIPPED:
        evaluate(pretrained.load(name, env_id), env_id, seeds=[0], horizon=3)
    for module, name in (
        *((pickle, each) for each in ("load", "loads", "Unpickler")),
        *((cloudpickle, each) for each in ("load", "loads")),
        (torch, "load"),
        (BaseAlgorithm, "load"),
        (save_util, "load_from_zip_file"),
    ):
        monkeypatch.setattr(module, name, Refused)
    for name, env_id in SHIPPED:
        (score,) = evaluate(pretrained.load(name, env_id), env_id, seeds=[0], horizon=3)
        assert score.rounds == 3


def test_playing_needs_neither_torch_nor_a_learning_library(tmp_path):
    """In a process of its own, since this one has them."""
    code = (
        "import sys; from agents import pretrained; from asl_gym import evaluate\n"
        f"for name, env_id in {SHIPPED!r}:\n"
        "    evaluate(pretrained.load(name, env_id), env_id, seeds=[0], horizon=2)\n"
        "learning = {'torch', 'stable_baselines3', 'sb3_contrib'} & set(sys.modules)\n"
        "assert not learning, learning"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("algorithm", ["ppo", "shared"])
def test_training_goes_on_from_shipped_weights(algorithm):
    configuration = load_configuration(algorithm, "ASL-v0")
    model: Any = untrained(configuration)
    pretrained.continue_from(algorithm, "ASL-v0", model.policy)
    evaluator = Evaluator("ASL-v0", horizon=5)
    (_, one), (_, other) = (
        next(evaluator.evaluate(policy, [0]))
        for policy in (as_policy(model), pretrained.load(algorithm, "ASL-v0"))
    )
    np.testing.assert_array_equal(one.split, other.split)
    if algorithm == "shared":
        for slow, fast in zip(
            model.policy.average.parameters(), model.policy.network.parameters(), strict=True
        ):
            assert torch.equal(slow, fast)


def test_weights_of_other_layers_are_refused_and_change_nothing():
    policy: Any = untrained(quick_configuration("ppo")).policy
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    with pytest.raises(ValueError, match=r"have shape .* expected"):
        pretrained.continue_from("ppo", "ASL-v0", policy)
    assert all(torch.equal(before[name], value) for name, value in policy.state_dict().items())


def test_shipped_agent_is_near_optimal():
    scores = evaluate(pretrained.load("ppo", "ASL-v0"), seeds=range(3))
    assert np.mean([score.priced_gap for score in scores]) < 0.02


def test_a_file_that_is_not_the_manifests_is_not_loaded(folder):
    file = folder / copied(folder)["played"]["file"]
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ValueError, match="SHA-256"):
        pretrained.load("ppo", "ASL-v0")


@pytest.mark.parametrize("file", ["../ppo.onnx", "/etc/passwd", "a/b", "..", ""])
def test_a_manifest_cannot_name_a_file_outside_its_folder(folder, file):
    copied(folder, file=file)
    with pytest.raises(ValueError, match="expected a name without folders"):
        pretrained.load("ppo", "ASL-v0")


def test_a_description_cannot_name_another_class():
    entry = pretrained.manifest()["ASL-v0"]["ppo"]
    description = {**entry["description"], "policy": "os.system"}
    with pytest.raises(ValueError, match=r"policy = 'os\.system' of ppo: expected one of"):
        weights.build("ppo", "ASL-v0", entry["environment"], description, {})


def test_manifest_says_how_each_agent_was_made():
    assert len(SHIPPED) == 20
    for agents in pretrained.manifest().values():
        for entry in agents.values():
            assert {"algorithm", "seed", "command", "steps", "commit", "versions"} <= set(entry)
