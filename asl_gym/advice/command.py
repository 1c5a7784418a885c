"""``python -m asl_gym advise``: where to cut a network on real devices, and what it saves."""

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asl_gym.advice.advice import BATCH_SIZE, SAMPLES, Advice, advise
from asl_gym.advice.cut_costs import PARTS
from asl_gym.advice.network_of_user import checked_spec, inputs_of, is_shipped, network_of
from asl_gym.model.timing_files import read_timings
from asl_gym.model.timings import SideTimings, Timings
from asl_gym.scenario.device_kinds import sources_of
from asl_gym.scenario.devices import NO_KINDS, device_kind_names, kinds_from_toml, server_kind_names
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import read_header

__all__ = ["add_arguments", "run"]

EPILOGUE = f"""\
kinds of devices: {", ".join(device_kind_names())}
kinds of servers: {", ".join(server_kind_names())}
Kinds of your own come from a TOML file (--kinds); --sources prints where constants come from.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.epilog = EPILOGUE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("network", help="FILE.py:FUNCTION that gives a torch module, or a shipped network's name")
    add("--input", action="append", default=[], metavar="SHAPE[:DTYPE]",
        help="shape of one sample, such as 3x224x224 or 128:int64, one for each argument of the "
        "network; or FILE.py:FUNCTION that gives the inputs")  # fmt: skip
    add("--devices", required=True, help="such as 4xraspberry-pi-4,2xjetson-nano-maxn")
    add("--server", required=True, help="a kind of server")
    add("--link", required=True, help="40mbit, 10/50mbit (up/down), 40mbit±20%% or 10/50mbit±20%%")
    add("--samples", type=int, default=SAMPLES, help="samples of a round (default: %(default)s)")
    add("--batch-size", type=int, default=BATCH_SIZE, help="default: %(default)s")
    add(
        "--budget",
        type=float,
        metavar="J",
        help="energy that each device may spend a round, in the mean "
        "(default: halfway between the fastest cut's and the least)",
    )
    add("--raw-data", action="store_true", help="let sending the raw data be an answer")
    add("--granularity", default=None, metavar="all|modules|DEPTH", help="which cuts to consider")
    add("--schedule", choices=("sequential", "parallel"), default="sequential",
        help="whether devices train in turn or at once (default: %(default)s)")  # fmt: skip
    add("--timings", action="append", default=[], metavar="KIND=FILE.csv",
        help="measured times of a kind, of batches of --batch-size: of the device, or of both "
        "sides, which replace the server's as well")  # fmt: skip
    add("--kinds", type=Path, metavar="FILE.toml", help="kinds of your own")
    add("--save", type=Path, metavar="FILE.json", help="write the scenario for gym.make")
    add("--out", type=Path, metavar="FOLDER", help="write pictures and CSV tables")
    add("--sources", action="store_true", help="print where the kinds' constants come from")


def run(given: argparse.Namespace) -> None:
    """Answers, and writes what is asked for.

    Raises:
        ValueError: If an argument is not allowed or the user's code fails; the message says how.
    """
    _check_places(given)
    advice = _advice(given)
    print(advice, end="")
    if given.sources:
        print("\n" + "\n".join(_sources(advice)))
    if given.save is not None:
        given.save.parent.mkdir(parents=True, exist_ok=True)
        advice.scenario.to_json(given.save)
        print(f"\nWritten: {given.save}, for gym.make and python -m benchmarks --scenario")
    if given.out is not None:
        print(f"\nWritten to {given.out}: {', '.join(_write(advice, given.out))}")


def _check_places(given: argparse.Namespace) -> None:
    """Looks at where things are to be written before the answer is worked out."""
    if given.save is not None and given.save.suffix != ".json":
        raise FieldError("save", str(given.save), "a file's name that ends with .json")
    if given.save is not None and given.save.is_dir():
        raise FieldError("save", str(given.save), "a file, not a folder")
    if given.out is not None:
        import matplotlib  # noqa: F401

        if given.out.exists() and not given.out.is_dir():
            raise FieldError("out", str(given.out), "a folder, or a name that is free")


def _advice(given: argparse.Namespace) -> Advice:
    network, inputs, profiling = given.network, None, {}
    if is_shipped(network):
        if given.input or given.granularity:
            raise FieldError("network", network, "FILE.py:FUNCTION with --input or --granularity")
    else:
        checked_spec("network", network)
        if not given.input:
            raise FieldError("input", None, "the shape of one sample, such as 3x224x224")
        network, inputs = network_of(network), inputs_of(given.input)
        profiling = {} if given.granularity is None else {"granularity": _depth(given.granularity)}
    return advise(
        network,
        inputs,
        devices=given.devices,
        server=given.server,
        link=given.link,
        samples=given.samples,
        batch_size=given.batch_size,
        budget=given.budget,
        raw_data=given.raw_data,
        timings=_timings(given.timings),
        schedule=given.schedule,
        kinds=NO_KINDS if given.kinds is None else kinds_from_toml(given.kinds),
        **profiling,
    )


def _depth(text: str) -> Any:
    return int(text) if text.isdecimal() else text


def _timings(specs: Sequence[str]) -> Mapping[str, Timings | SideTimings]:
    tables: dict[str, Timings | SideTimings] = {}
    for spec in specs:
        kind, equals, path = spec.partition("=")
        if not equals or not kind or not path:
            raise FieldError("timings", spec, "KIND=FILE.csv")
        alone = "server_s" not in read_header(Path(path))
        tables[kind] = read_timings(Path(path), server_s=None if alone else "server_s")
    return tables


def _sources(advice: Advice) -> list[str]:
    kinds = dict.fromkeys([*(kind for _, kind in advice.devices), advice.server])
    lines = []
    for kind in kinds:
        lines += ["", f"{kind.name}: {kind.description}"]
        for constant in sources_of(kind):
            lines.append(
                f"  {constant.name} = {constant.value:g} {constant.unit} "
                f"({constant.basis}{': ' if constant.text else ''}{constant.text})"
            )
    return lines


def _write(advice: Advice, folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = ["cuts.csv"]
    with (folder / names[0]).open("w", newline="", encoding="utf-8") as file:
        _write_cuts(advice, file)
    for kind in advice.answers:
        names.append(f"{kind}.png")
        advice.draw(kind).savefig(folder / names[-1], dpi=200)
    return names


def _write_cuts(advice: Advice, file: Any) -> None:
    """Every cut of every kind, a row each."""
    writer = csv.writer(file, lineterminator="\n")
    parts = [f"{part}_s" for part in PARTS]
    writer.writerow(
        ["device_kind", "split", "layer", "delay_s", *parts, "device_energy_j", "server_energy_j"]
    )
    for kind, answer in advice.answers.items():
        costs = answer.costs
        figures = zip(
            costs.splits, costs.names, costs.delay, *costs.parts, costs.device_energy,
            costs.server_energy, strict=True,
        )  # fmt: skip
        for split, name, *values in figures:
            writer.writerow([kind, int(split), name, *(repr(float(value)) for value in values)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command with arguments; ends the process with a message where they are at fault."""
    parser = argparse.ArgumentParser(prog="python -m asl_gym")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    add_arguments(commands.add_parser("advise", help="where to cut a network on real devices"))
    given = parser.parse_args(arguments)
    try:
        run(given)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except (ValueError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
