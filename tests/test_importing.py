"""What importing the package gives, and what it leaves to load until it is used."""

import ast
import importlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import asl_gym

HEAVY = "scipy", "numba", "matplotlib", "torch", "stable_baselines3", "pandas"
IDS = "ASL-v0", "ASLParallel-v0", "ASLStaleCSI-v0", "ASLMismatch-v0"


def loaded_after(code: str) -> set[str]:
    """Modules that a fresh interpreter has loaded after some code."""
    shown = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy_and_registers() -> None:
    loaded = loaded_after(
        f"import gymnasium, asl_gym\nassert {set(IDS)} <= {{*gymnasium.registry}}"
    )
    assert not loaded & {*HEAVY}
    # The environments' classes are named by the registration, and loaded by gymnasium.make.
    own = {name for name in loaded if name.startswith("asl_gym.")}
    rooms = {".".join(name.split(".")[:2]) for name in own}
    assert rooms == {"asl_gym.registration", "asl_gym.model", "asl_gym.validation"}


def test_loading_every_name_needs_no_heavy_library() -> None:
    """SciPy's parts load when a trace is drawn, a frontier computed, a filter tabulated.

    The environments' step is compiled, so that numba, which looks at SciPy's version, comes with
    their names.
    """
    loaded = loaded_after("from asl_gym import *\nOPEN, preset('default')")
    assert not loaded & {*HEAVY} - {"numba", "scipy"}
    assert not loaded & {"scipy.optimize", "scipy.signal", "scipy.special", "scipy.stats"}


@pytest.mark.parametrize("name", asl_gym.__all__)
def test_every_public_name_resolves(name: str) -> None:
    found = getattr(asl_gym, name)
    assert found.__name__ == name
    assert found is getattr(importlib.import_module(found.__module__), name)
    assert name in dir(asl_gym)


def test_the_version_is_the_installed_one() -> None:
    assert asl_gym.__version__ == version("asl-gym")


def test_type_checkers_are_told_the_same_places() -> None:
    """The imports that only type checkers see are those that are made when a name is used."""
    tree = ast.parse(Path(asl_gym.__file__).read_text(encoding="utf-8"))
    told = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in told.body if isinstance(node, ast.ImportFrom)]
    seen = {node.module: tuple(alias.name for alias in node.names) for node in imports}
    assert seen == asl_gym._PLACES
    assert {*asl_gym._MODULE_OF, "register_envs"} == {*asl_gym.__all__}


def test_names_that_there_are_not() -> None:
    assert not hasattr(asl_gym, "Open")
    with pytest.raises(ImportError, match="cannot import name 'Open' from 'asl_gym'"):
        exec("from asl_gym import Open")
