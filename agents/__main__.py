"""``python -m agents``: :mod:`agents.command`, or what is missing where it cannot be run."""

import importlib.util
import sys

__all__ = ["NEEDED", "main"]

NEEDED = (
    *("gymnasium", "numpy", "scipy"),
    *("filelock", "matplotlib", "rich", "safetensors", "sb3_contrib", "stable_baselines3"),
    *("tensorboard", "torch", "tqdm", "typer"),
)
"""Modules of the package's dependencies and of the extra ``agents``."""


def main() -> int:
    """Runs the command line; 2 where a package is missing that it needs."""
    # Looked for, not imported in a try: an import that fails within the project is another matter.
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"Error: python -m agents needs packages that are not installed: {', '.join(missing)}. "
            "They are the extra 'agents': pip install -e '.[agents]' in the checkout, or "
            "pip install 'asl-gym[agents]'",
            file=sys.stderr,
        )
        return 2
    from agents.command import app

    app(prog_name="python -m agents")
    return 0


if __name__ == "__main__":
    sys.exit(main())
