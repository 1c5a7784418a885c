"""``python -m tests.fuzz [--seed 0] [--count 10000] [--kind KIND] [--only INDEX]``.

Prints each input that took too long, was refused by another error than a documented one, or was
accepted and then gave numbers that are not finite, with the options that bring it back; then what
became of all.
"""

import argparse
import collections
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz.kinds import KINDS, Kind, prepare
from tests.fuzz.mutations import Mutator

MOST_SECONDS = 2.0
"""CPU time that no input may take."""


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes:
        kind: Its kind.
        ended: ``"accepted"`` or the error's class.
        seconds: CPU time [s].
        wrong: What is wrong with that, or nothing.
    """

    kind: str
    ended: str
    seconds: float
    wrong: str = ""


def outcome(seed: int, index: int, folder: Path, only: str | None = None) -> Outcome:
    """Makes and tries one input, which is the same for the same arguments."""
    rng = np.random.default_rng([seed, index])
    names = list(KINDS)
    drawn = names[int(rng.choice(len(names), p=[KINDS[each].share for each in names]))]
    name = only or drawn
    start = time.process_time()
    ended, wrong = _tried(KINDS[name], Mutator(rng), folder)
    seconds = time.process_time() - start
    if seconds > MOST_SECONDS:
        wrong = f"{wrong} took {seconds:.1f} s".strip()
    return Outcome(name, ended, seconds, wrong)


def _tried(kind: Kind, mutator: Mutator, folder: Path) -> tuple[str, str]:
    try:
        with warnings.catch_warnings():
            # What NumPy warns of ends as a number that is not finite.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", RuntimeWarning)
            found = list(kind.case(mutator, folder))
        return "accepted", "; ".join(found)[:300]
    except Exception as error:
        ended = type(error).__name__
        wrong = "" if _is_documented(error, kind) else _told(error)
        return ended, wrong


def _is_documented(error: Exception, kind: Kind) -> bool:
    # A plain ValueError is no excuse for those that are derived from it, such as UnicodeErrors.
    if type(error) is ValueError:
        return ValueError in kind.refusals
    named = tuple(each for each in kind.refusals if each is not ValueError)
    return isinstance(error, named) or (
        ValueError in kind.refusals and type(error).__module__.startswith("asl_gym")
    )


def _told(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in own[-3:]]
    try:
        message = str(error)
    except Exception as second:
        message = f"a message that cannot be shown ({type(second).__name__})"
    return f"{type(error).__name__}: {message[:160]} at {' > '.join(places)}"


def run(seed: int, indices: range, folder: Path, only: str | None = None) -> list[Outcome]:
    """Tries inputs, of one kind or of all, and prints those that are wrong."""
    prepare(folder)
    outcomes = []
    for index in indices:
        outcomes.append(outcome(seed, index, folder, only))
        if (wrong := outcomes[-1].wrong) != "":
            kind = outcomes[-1].kind
            print(f"--seed {seed} --kind {kind!r} --only {index}: {wrong}", flush=True)
    return outcomes


def summary(outcomes: list[Outcome]) -> str:
    """Counts of what became of each kind."""
    lines = []
    for name in KINDS:
        of_kind = [each for each in outcomes if each.kind == name]
        if not of_kind:
            continue
        ended = collections.Counter(each.ended for each in of_kind)
        slowest = max((each.seconds for each in of_kind), default=0.0)
        wrong = sum(bool(each.wrong) for each in of_kind)
        counts = ", ".join(f"{count} {word}" for word, count in ended.most_common())
        lines.append(f"{name}: {counts}; slowest {slowest:.2f} s; {wrong} wrong")
    return "\n".join(lines)


def main() -> int:
    """Runs it from the command line; returns whether an input was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--only", type=int, help="the index of one input to try again")
    given = parser.parse_args()
    indices = range(given.count) if given.only is None else range(given.only, given.only + 1)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(given.seed, indices, Path(folder), given.kind)
    print(summary(outcomes))
    return int(any(each.wrong for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
