"""What is said where the packages of an extra are not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asl_gym.extras import extra_needed, extra_told, not_installed

ROOT = Path(__file__).parents[1]
ADVISE = "advise deep_lenet --devices 2xphone --server cpu-server --link wifi"


def test_a_missing_package_is_told_by_its_extra(capsys):
    with pytest.raises(SystemExit) as ended, extra_told("agents"):
        raise ModuleNotFoundError("No module named 'rich.box'", name="rich.box")
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "Error: the package 'rich' is not installed; it comes with the extra 'agents': "
        "pip install 'asl-gym[agents]', or pip install -e '.[agents]' in a checkout\n"
    )


@pytest.mark.parametrize("name", ["agents.pretrained", "asl_gym.nowhere", None])
def test_a_fault_of_our_own_is_no_missing_extra(name):
    with pytest.raises(ModuleNotFoundError), extra_told("agents"):
        raise ModuleNotFoundError("No module", name=name)


def test_what_is_imported_says_which_extra_it_needs():
    told = r"^its_room: the package 'torch' is not installed; .* pip install 'asl-gym\[networks\]'"
    with (
        pytest.raises(ModuleNotFoundError, match=told) as error,
        extra_needed("networks", "its_room"),
    ):
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert error.value.name == "torch"
    with pytest.raises(ModuleNotFoundError, match=r"^No module$"), extra_needed("plot", "its_room"):
        raise ModuleNotFoundError("No module", name="agents.nowhere")


def test_the_extra_of_a_command_comes_before_that_of_what_it_imports(capsys):
    with pytest.raises(SystemExit), extra_told("agents"), extra_needed("networks", "its_room"):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
    assert "pip install 'asl-gym[agents]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "package", "command"),
    [
        ("networks", "matplotlib", f"asl_gym {ADVISE} --out answer"),
        (
            "networks",
            "torch",
            f"asl_gym {ADVISE.replace('deep_lenet', 'own.py:net')} --input 1x8x8",
        ),
        ("networks", "torch", "asl_gym.networks.shipping"),
        ("training", "torch", "asl_gym.training --rounds 1"),
        ("training", "safetensors", "asl_gym.training --rounds 1"),
        ("agents", "typer", "agents --help"),
        ("agents", "tensorboard", "agents train ppo"),
        ("benchmarks", "typer", "benchmarks"),
        ("benchmarks", "jinja2", "benchmarks"),
        ("networks", "torch", "benchmarks calibration --timings nowhere"),
    ],
)
def test_a_command_without_its_extra(extra, package, command, tmp_path):
    """The package is found before the installed one, and says that it isn't there."""
    raises = f"raise ModuleNotFoundError('No module named {package}', name={package!r})"
    (tmp_path / f"{package}.py").write_text(raises)
    (tmp_path / "own.py").write_text("def net():\n    return None\n")
    told = subprocess.run(
        [sys.executable, "-m", *command.split()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 2
    assert told.stderr == f"Error: {not_installed(package, extra)}\n"
    assert not {"answer", "results", "runs"} & {each.name for each in tmp_path.iterdir()}
