"""Whether the tests notice small faults in what the certificates rest on: a mutation check.

``pip install cosmic-ray==8.7.0``, whose operators make the faults, then

    python -m tests.mutation                               # all files of ``TESTS``; hours
    python -m tests.mutation lyapunov.py relaxation.py     # those whose paths end so
    python -m tests.mutation --every 5                     # of the mutants a fifth

Every mutant, a file with one token changed, meets the tests of its room until one fails or takes
too long. The solver runs as plain Python, and a mutant lives in the memory of one process alone:
no file changes.

Mutants that change nothing that counts are in ``tests/data/equivalent_mutants.toml`` with the
reason why, and are left out. Any other that passes all tests is printed, and makes the exit
status 1.
"""

import argparse
import itertools
import os
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

EQUIVALENT = Path(__file__).parents[1] / "data" / "equivalent_mutants.toml"

PARTS = ("units", "allocation", "relaxation", "decisions", "nodes", "search", "solver", "bounds")
PARALLEL = tuple(f"tests/solvers/test_parallel_{part}.py" for part in PARTS)
CHANNEL = ("tests/traces/test_channel.py",)
TRACES = (
    *CHANNEL,
    "tests/traces/test_trace.py",
    "tests/envs/test_played_traces.py",
    "tests/envs/test_knowledge.py",
)
SCORING = ("tests/scoring/test_frontier.py", "tests/scoring/test_frontier_play.py")
MODEL = ("tests/model/test_costs.py", "tests/model/test_lyapunov.py")
SEQUENTIAL = ("tests/solvers/test_sequential.py",)
ROUND = (*SEQUENTIAL, "tests/solvers/test_round_problem.py")
TESTS: dict[str, Sequence[str]] = {
    "asl_gym/model/costs.py": MODEL,
    "asl_gym/model/lyapunov.py": MODEL,
    "asl_gym/model/system.py": ("tests/model/test_system.py", *MODEL),
    "asl_gym/traces/channel.py": CHANNEL,
    "asl_gym/traces/imperfect.py": TRACES,
    "asl_gym/traces/synthetic.py": TRACES,
    "asl_gym/traces/trace.py": TRACES,
    "asl_gym/solvers/decision.py": ROUND,
    "asl_gym/solvers/round_problem.py": ROUND,
    "asl_gym/solvers/sequential.py": ROUND,
    "asl_gym/solvers/trace_solver.py": ("tests/solvers/test_trace_solver.py",),
    "asl_gym/solvers/parallel/allocation.py": PARALLEL,
    "asl_gym/solvers/parallel/branch.py": PARALLEL,
    "asl_gym/solvers/parallel/incumbents.py": PARALLEL,
    "asl_gym/solvers/parallel/nodes.py": PARALLEL,
    "asl_gym/solvers/parallel/problem.py": PARALLEL,
    "asl_gym/solvers/parallel/relaxation.py": PARALLEL,
    "asl_gym/solvers/parallel/rows.py": PARALLEL,
    "asl_gym/solvers/parallel/solver.py": (ROUND[1], *PARALLEL),
    "asl_gym/scoring/frontier.py": SCORING,
    "asl_gym/scoring/evaluation.py": ("tests/scoring/test_evaluation.py",),
}
"""What is mutated, and the tests that it meets, quick ones first."""


def equivalent() -> dict[str, str]:
    """Names of the mutants that change nothing, and why."""
    groups = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["group"]
    return {name: group["reason"] for group in groups for name in group["mutants"]}


def check_names(made: Sequence["Mutant"], known: Iterable[str]) -> None:
    """Refuses names of equivalent mutants that the files no longer have."""
    names = {mutant.name for mutant in made}
    stems = {Path(mutant.file).stem for mutant in made}
    stale = [name for name in known if re.split("[.:]", name)[0] in stems and name not in names]
    if stale:
        raise RuntimeError(f"{EQUIVALENT.name} names what is no mutant: {stale}")


def run(endings: Sequence[str], every: int) -> int:
    """Runs the mutants of some files; returns the exit status."""
    from tests.mutation.mutants import mutants_of
    from tests.mutation.running import load_libraries, outcomes, time_limits

    load_libraries()
    tests = {file: TESTS[file] for file in TESTS if file.endswith(tuple(endings) or "")}
    made, known = {file: list(mutants_of(file)) for file in tests}, equivalent()
    check_names([*itertools.chain(*made.values())], known)
    asked = [mutant for mutants in made.values() for mutant in mutants[::every]]
    counts: dict[str, Counter[str]] = {file: Counter() for file in tests}
    for mutant in asked:
        counts[mutant.file]["equivalent"] += mutant.name in known
    left = [mutant for mutant in asked if mutant.name not in known]
    for mutant, outcome in outcomes(left, tests, time_limits(tests)):
        counts[mutant.file][outcome] += 1
        if outcome != "noticed":
            print(f"{outcome}: {mutant.name}", flush=True)
    for file, count in counts.items():
        print(f"{file}: {count.total()} mutants,", *(f"{n} {how}" for how, n in count.items()))
    return int(any(count["survived"] for count in counts.values()))


def main(arguments: Sequence[str]) -> int:
    """Reads the command line and runs the check."""
    parser = argparse.ArgumentParser("python -m tests.mutation")
    parser.add_argument("files", nargs="*", help="what their paths end with")
    parser.add_argument("--every", type=int, default=1, help="of the mutants every n-th one alone")
    asked = parser.parse_args(arguments)
    # Before anything loads numba.
    os.environ.update(NUMBA_DISABLE_JIT="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    return run(asked.files, asked.every)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
