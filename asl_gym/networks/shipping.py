"""The package's own profiles, which ``python -m asl_gym.networks.shipping`` measures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.library import NETWORKS, build_network, example_input
from asl_gym.networks.profiling import profile

__all__ = ["write_shipped_profiles"]

SHIPPED_DIRECTORY = Path(__file__).parents[1] / "data" / "profiles"


def write_shipped_profiles(directory: Path = SHIPPED_DIRECTORY) -> list[Path]:
    """Profiles every network of :mod:`asl_gym.networks.library` and writes one JSON file for each.

    Args:
        directory: Where to write; made if it is missing. By default the package's own data.

    Returns:
        The files written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in NETWORKS:
        paths.append(directory / f"{name}.json")
        profile(build_network(name), example_input(), name=name).to_json(paths[-1])
    return paths


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrites the shipped profiles and prints what it wrote."""
    parser = argparse.ArgumentParser(description="Measure and write the shipped profiles.")
    parser.add_argument("--directory", type=Path, default=SHIPPED_DIRECTORY, help="where to write")
    for path in write_shipped_profiles(parser.parse_args(arguments).directory):
        written = NetworkProfile.from_json(path)
        megaflops, megabits = written.training_flops[-1] / 1e6, written.parameter_bits[-1] / 1e6
        print(
            f"{path}: {written.num_layers} layers, {megaflops:.3f} MFLOP per sample to train, "
            f"{megabits:.3f} Mbit of parameters"
        )


if __name__ == "__main__":
    main()
