"""``python -m tests.networks.measured_halves``: do measured times foretell what halves take later?

Measures a shipped network's halves; then, in a process of its own, runs both halves of some random
cuts as split training over a link does, with optimisers of their own. Prints seconds foretold and
real, and the median error. By hand, on a quiet machine: it is no part of the test suite.
"""

import argparse
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from asl_gym.model.timings import Side, Timings
from asl_gym.networks import measure, split
from asl_gym.networks.library import NETWORKS

SIDES: tuple[Side, ...] = "device", "server"
LEARNING_RATE = 1e-3


def loss_of(output: Tensor) -> Tensor:
    return output.square().mean()


def prepared(name: str, batch: int, threads: int) -> tuple[nn.Module, Tensor]:
    """A network and a batch of inputs."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    shipped = NETWORKS[name]
    return shipped.build(), torch.randn(batch, *shipped.input_shape)


def measured(name: str, batch: int, threads: int, repeats: int) -> Timings:
    module, inputs = prepared(name, batch, threads)
    network, options = NETWORKS[name].network(module), NETWORKS[name].options
    timings: Timings = measure(network, inputs, loss=loss_of, repeats=repeats, **options)
    return timings


def trained(name: str, batch: int, threads: int, cut: str, repeats: int) -> tuple[float, float]:
    """Median seconds of a training step of the device's half and of the server's, updates not."""
    module, inputs = prepared(name, batch, threads)
    halves = split(NETWORKS[name].network(module), inputs, cut)
    optimiser = torch.optim.SGD(module.parameters(), LEARNING_RATE)
    steps = []
    for _ in range(repeats + 1):
        optimiser.zero_grad()
        steps.append(step(*halves, inputs))
        optimiser.step()
    device, server = zip(*steps[1:], strict=True)
    return statistics.median(device), statistics.median(server)


def step(device: nn.Module, server: nn.Module, inputs: Tensor) -> tuple[float, float]:
    """Seconds of both passes of each half."""
    times = [time.perf_counter()]
    crossing = device(inputs)
    times.append(time.perf_counter())
    sent = [each.detach().requires_grad_(each.requires_grad) for each in crossing]
    times.append(time.perf_counter())
    loss_of(server(*sent)).backward()  # type: ignore[no-untyped-call]
    times.append(time.perf_counter())
    pairs = [(mine, its.grad) for mine, its in zip(crossing, sent, strict=True)]
    if returned := [pair for pair in pairs if pair[1] is not None]:
        torch.autograd.backward(*zip(*returned, strict=True))  # type: ignore[arg-type]
    times.append(time.perf_counter())
    return times[1] - times[0] + times[4] - times[3], times[3] - times[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mobilenet_v2_cifar", choices=NETWORKS)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    asked = given.network, given.batch, given.threads
    timings = measured(*asked, given.repeats)
    inner = timings.cuts[1:-1]
    rng = np.random.default_rng(given.seed)
    chosen = rng.choice(len(inner), min(given.cuts, len(inner)), replace=False)
    cuts = [inner[place] for place in chosen]
    real, again = (np.array(run_anew(asked, cuts, given.repeats)) for _ in range(2))
    report(timings, cuts, real)
    noise = np.abs(again.sum(axis=1) / real.sum(axis=1) - 1)
    print(f"Median difference of two such runs, both: {np.median(noise):.1%}")


def run_anew(
    asked: tuple[str, int, int], cuts: list[str], repeats: int
) -> list[tuple[float, float]]:
    """What both halves take at each cut, in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return [fresh.submit(trained, *asked, cut, repeats).result() for cut in cuts]


def report(timings: Timings, cuts: list[str], real: np.ndarray) -> None:
    foretold = np.stack([np.asarray(timings.seconds_at(side, cuts)) for side in SIDES], axis=1)
    titles = "".join(f"{side:>9} [ms]      real" for side in SIDES)
    print(f"{'cut':24}{titles}   error of both")
    errors = np.abs(foretold.sum(axis=1) / real.sum(axis=1) - 1)
    for cut, mine, its, error in zip(cuts, 1e3 * foretold, 1e3 * real, errors, strict=True):
        cells = "".join(f"{a:14.2f}{b:10.2f}" for a, b in zip(mine, its, strict=True))
        print(f"{cut:24}{cells}{error:16.1%}")
    for side, of_side in zip(SIDES, np.abs(foretold / real - 1).T, strict=True):
        print(f"Median error, {side}: {np.median(of_side):.1%}")
    print(f"Median error, both: {np.median(errors):.1%}")


if __name__ == "__main__":
    main()
