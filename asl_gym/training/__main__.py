"""``python -m asl_gym.training``."""

from asl_gym.extras import extra_told

with extra_told("training"):
    from asl_gym.training.command import main

    if __name__ == "__main__":
        main()
