"""``python -m asl_gym.training``: trains a network in two halves, and shows what it learns."""

import argparse
import csv
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch

from asl_gym.policies.baselines import FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy
from asl_gym.policies.open import OPEN
from asl_gym.provenance import PROVENANCE, current_commit, write_provenance
from asl_gym.scenario.overlays import parse_settings
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.terminal import speak_plainly_where_needed
from asl_gym.training.data import SPLITS
from asl_gym.training.data.picture import draw_division
from asl_gym.training.privacy import reconstruct
from asl_gym.training.privacy.picture import draw_reconstructions, three_of
from asl_gym.training.records import RoundRecord, load_weights
from asl_gym.training.remote.running import device_client, remote_training
from asl_gym.training.setting import Setting
from asl_gym.training.split_training import SplitTraining
from asl_gym.validation.checks import FieldError, one_of, whole_number

__all__ = ["main", "policy_named", "setting_of"]

POLICIES: Mapping[str, PolicyFactory] = {
    "open": OPEN,
    "greedy-delay": GreedyDelay,
    "greedy-energy": GreedyEnergy,
    "random": RandomPolicy,
}
FIXED = "fixed-"
DEFAULTS = Setting()
PRIVATE = 500
"""Samples of devices that are rebuilt."""


def policy_named(name: str) -> PolicyFactory:
    """What builds the policy of a name: one of :data:`POLICIES`, or ``fixed-ℓ``.

    Raises:
        FieldError: If there is none.
    """
    if name.startswith(FIXED) and name.removeprefix(FIXED).isdecimal():
        return functools.partial(FixedSplit, split=int(name.removeprefix(FIXED)))
    return POLICIES[one_of("policy", name, (*POLICIES, f"{FIXED}SPLIT"))]


def add_setting(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a :class:`Setting`."""
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR",
        help="folder of MNIST's or Fashion-MNIST's IDX files or CIFAR-10's binary ones "
        "(default: the digits that come with scikit-learn)")  # fmt: skip
    add("--network", help="a shipped network's name (default: one for the images' shape)")
    add("--split", choices=tuple(SPLITS), default=DEFAULTS.split,
        help="how samples are divided among devices (default: %(default)s)")  # fmt: skip
    add("--schedule", choices=("sequential", "parallel"), default=DEFAULTS.schedule,
        help="whether devices train in turn or at once (default: %(default)s)")  # fmt: skip
    whole = ("devices", "rounds", "samples", "batch_size", "seed")
    for name in (*whole, "alpha", "learning_rate", "momentum"):
        option, default = "--" + name.replace("_", "-"), getattr(DEFAULTS, name)
        add(option, type=int if name in whole else float, default=default,
            help="default: %(default)s")  # fmt: skip
    add("--set", dest="settings", action="append", default=[], metavar="PATH=VALUE",
        help="a field of the scenario, such as radio.bandwidth_hz=10e6; often")  # fmt: skip


def setting_of(given: argparse.Namespace) -> Setting:
    """The setting that options give."""
    said = {each.name: getattr(given, each.name) for each in fields(DEFAULTS)}
    return Setting(**said | {"settings": parse_settings(given.settings)})


def _run(given: argparse.Namespace) -> None:
    setting = _prepared(given)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        title = f"{setting.images.name}, {setting.split} split"
        figure = draw_division(setting.images.labels, setting.parts, setting.images.classes, title)
        figure.savefig(given.out / "division.png", dpi=200)
    _follow(setting.training(policy_named(given.policy)), setting, given.out)


def _serve(given: argparse.Namespace) -> None:
    setting = _prepared(given)

    def listening(port: int) -> None:
        print(f"Waiting for {setting.devices} devices on port {port}", flush=True)

    policy = policy_named(given.policy)
    training, server = remote_training(setting, policy, given.listen, given.wait, listening)
    try:
        _follow(training, setting, given.out)
    finally:
        server.close()


def _join(given: argparse.Namespace) -> None:
    setting = _prepared(given)
    device = whole_number("device", given.device, 0, setting.devices - 1)
    print(device_client(setting, device, given.connect).run(given.wait))


def _rebuild(given: argparse.Namespace) -> None:
    current_commit()
    setting = _prepared(given)
    module = setting.build_module()
    if given.trained is not None:
        load_weights(module, given.trained)
    own, private = setting.images.test.tensors[0], setting.images.train.tensors[0][:PRIVATE]
    found = reconstruct(module, setting.profile, own, private, steps=given.steps)
    print(f"{'split':>5}  {'layer':<12} {'kbit/sample':>11} {'error':>6}")
    for each in found:
        kilobits = setting.profile.activation_bits[each.split] / 1e3
        print(f"{each.split:>5}  {each.name:<12} {kilobits:>11.1f} {each.error:>6.3f}")
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        figure = draw_reconstructions(private, three_of(found))
        figure.savefig(given.out / "reconstructions.png", dpi=200)
        with (given.out / "reconstruction.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["split", "layer", "bits_per_sample", "error"])
            for each in found:
                bits = setting.profile.activation_bits[each.split]
                writer.writerow([each.split, each.name, bits, each.error])
        write_provenance(given.out, "asl_gym.training")
        print(f"Written to {given.out}: reconstructions.png, reconstruction.csv, {PROVENANCE}")


def _prepared(given: argparse.Namespace) -> Setting:
    torch.set_num_threads(whole_number("threads", given.threads, 1))
    return setting_of(given)


def _follow(training: SplitTraining, setting: Setting, out: Path | None) -> None:
    print(f"{'round':>5} {'seconds':>9} {'joules':>9} {'loss':>7} {'accuracy':>9}  split points")
    for record in training.rounds(setting.rounds, out):
        print(_line(record, training.records), flush=True)
        for lost in record.lost:
            print(f"      without {lost}", flush=True)
    if out is not None:
        _write(out / "rounds.csv", training.records)
        print(f"Written to {out}: checkpoint.safetensors, rounds.csv")


def _line(record: RoundRecord, records: Sequence[RoundRecord]) -> str:
    seconds = sum(each.delay_s for each in records)
    joules = sum(each.energy_j for each in records)
    splits = " ".join(str(split) for split in record.split)
    tested = "" if record.accuracy is None else f"{100 * record.accuracy:.1f} %"
    return (
        f"{record.round_index + 1:>5} {seconds:>9.1f} {joules:>9.1f} {record.loss:>7.3f} "
        f"{tested:>9}  {splits}"
    )


def _write(path: Path, records: Sequence[RoundRecord]) -> None:
    """A row a round, with what has been spent up to it."""
    seconds_after = accumulate(each.delay_s for each in records)
    joules_after = accumulate(each.energy_j for each in records)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["round", "seconds", "joules", "loss", "accuracy",
                         "uplink_bits", "downlink_bits", "computing_s"])  # fmt: skip
        for record, seconds, joules in zip(records, seconds_after, joules_after, strict=True):
            bits = sum(record.uplink_bits), sum(record.downlink_bits)
            row = [record.round_index, seconds, joules, record.loss, record.accuracy]
            writer.writerow([*row, *bits, record.computing_s])


def _parser() -> tuple[argparse.ArgumentParser, Mapping[str, Callable[[Any], None]]]:
    parser = argparse.ArgumentParser(
        prog="python -m asl_gym.training", description="Trains a network in two halves."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    train = commands.add_parser("run", help="train in this process (the default)")
    serve = commands.add_parser("server", help="wait for devices in other processes and train")
    join = commands.add_parser("device", help="be a device of a server; with the same options")
    rebuild = commands.add_parser("privacy", help="how well inputs can be rebuilt from each cut")
    for each in (train, serve, join, rebuild):
        add_setting(each)
        each.add_argument("--threads", type=int, default=1, help="torch's (default: %(default)s)")
    for each in (train, serve):
        policies = ", ".join((*POLICIES, f"{FIXED}SPLIT"))
        each.add_argument("--policy", default="open", help=f"{policies} (default: %(default)s)")
        each.add_argument("--out", type=Path, metavar="FOLDER",
                          help="keep the state after each round and go on from there")  # fmt: skip
    serve.add_argument("--listen", default="localhost:50051", metavar="HOST:PORT",
                       help="default: %(default)s; 0.0.0.0:50051 for other machines")  # fmt: skip
    serve.add_argument("--wait", type=float, metavar="S", help="how long to wait for devices")
    join.add_argument("--connect", default="localhost:50051", metavar="HOST:PORT",
                      help="default: %(default)s")  # fmt: skip
    join.add_argument("--device", type=int, required=True, help="which device, from 0")
    join.add_argument("--wait", type=float, default=60.0, metavar="S",
                      help="how long to wait for the server (default: %(default)s)")  # fmt: skip
    rebuild.add_argument("--trained", type=Path, metavar="FOLDER",
                         help="whose weights are taken (default: the first ones)")  # fmt: skip
    rebuild.add_argument("--steps", type=int, default=1000,
                         help="of training each decoder (default: %(default)s)")  # fmt: skip
    rebuild.add_argument("--out", type=Path, metavar="FOLDER", help="write a picture and the table")
    return parser, {"privacy": _rebuild, "run": _run, "server": _serve, "device": _join}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command with arguments; ends the process with a message where they are at fault."""
    speak_plainly_where_needed()
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser, runs = _parser()
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given = ["run", *given]
    parsed = parser.parse_args(given)
    try:
        runs[parsed.command](parsed)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except (ValueError, OSError, FieldError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
