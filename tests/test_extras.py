"""What is said where the packages of an extra are not installed."""

import subprocess
import sys

import pytest

from asl_gym.extras import extra_told


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


def test_the_command_without_its_extra():
    code = (
        "import runpy, sys; sys.modules['typer'] = None;"
        "runpy.run_module('benchmarks', run_name='__main__')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 2
    assert "the package 'typer' is not installed" in told.stderr
    assert told.stderr.count("\n") == 1
