"""``python -m benchmarks``, see :mod:`benchmarks.commands`."""

import sys

from asl_gym.extras import extra_told

if __name__ == "__main__":
    with extra_told("benchmarks"):
        from benchmarks.commands import main

        main(sys.argv[1:])
