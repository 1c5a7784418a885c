"""``python -m asl_gym``."""

from asl_gym.extras import extra_told

with extra_told("networks"):
    from asl_gym.advice.command import main

    if __name__ == "__main__":
        main()
