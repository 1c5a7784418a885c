"""The package's own profiles, which ``python -m asl_gym.networks.shipping`` measures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.library import NETWORKS, example_input
from asl_gym.networks.profiling import profile
from asl_gym.validation.checks import one_of

__all__ = ["shipped_profile", "write_shipped_profiles"]

SHIPPED_DIRECTORY = Path(__file__).parents[1] / "data" / "profiles"


def shipped_profile(name: str) -> NetworkProfile:
    """Profiles a network of :mod:`asl_gym.networks.library`, which needs no memory for weights."""
    shipped = NETWORKS[name]
    with torch.device("meta"):
        module, inputs = shipped.build(), example_input(name)
    return profile(shipped.network(module), inputs, name=name, **shipped.options)


def write_shipped_profiles(
    directory: Path = SHIPPED_DIRECTORY, names: Sequence[str] = tuple(NETWORKS)
) -> list[Path]:
    """Profiles networks of :mod:`asl_gym.networks.library` and writes one JSON file for each.

    Args:
        directory: Where to write; made if it is missing. By default the package's own data.
        names: Which ones; by default all.

    Returns:
        The files written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names:
        paths.append(directory / f"{name}.json")
        shipped_profile(name).to_json(paths[-1])
    return paths


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrites the shipped profiles and prints what it wrote."""
    parser = argparse.ArgumentParser(description="Measure and write the shipped profiles.")
    parser.add_argument("--directory", type=Path, default=SHIPPED_DIRECTORY, help="where to write")
    parser.add_argument("names", nargs="*", metavar="name", help="which ones; by default all")
    given = parser.parse_args(arguments)
    names = [one_of("name", name, tuple(NETWORKS)) for name in given.names or NETWORKS]
    for path in write_shipped_profiles(given.directory, names):
        written = NetworkProfile.from_json(path)
        megaflops, megabits = written.training_flops[-1] / 1e6, written.parameter_bits[-1] / 1e6
        print(
            f"{path}: {written.num_layers} layers, {megaflops:.3f} MFLOP per sample to train, "
            f"{megabits:.3f} Mbit of parameters"
        )


if __name__ == "__main__":
    main()
