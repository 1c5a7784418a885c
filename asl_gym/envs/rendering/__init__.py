"""A round of the environment for people's eyes: as a text table and as a picture.

Both show who is split where, how long each part of a device's round takes, and how energy and
queues stand against the budget. Matplotlib is imported on the first picture only.
"""

from asl_gym.envs.rendering.picture import render_rgb
from asl_gym.envs.rendering.round_view import PlayedRound, RoundView, bar_starts
from asl_gym.envs.rendering.text import render_ansi

__all__ = ["PlayedRound", "RoundView", "bar_starts", "render_ansi", "render_rgb"]
