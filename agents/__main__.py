"""``python -m agents``, see :mod:`agents.command`."""

from asl_gym.extras import extra_told

if __name__ == "__main__":
    with extra_told("agents"):
        from agents.command import app

        app(prog_name="python -m agents")
