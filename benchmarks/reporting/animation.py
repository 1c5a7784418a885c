"""Rounds of an episode as an animation, a GIF file that any browser plays."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agents.bookkeeping import write_whole
from asl_gym.scoring.evaluation import Evaluator, play_episode

__all__ = ["frames_of", "write_gif"]

Frame = NDArray[np.uint8]

COLOURS = 64
"""Colours of an animation: those of the parts, and shades of letters."""

SHIFTS = np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
"""What makes one number of red, green and blue."""

HOLD = 4
"""How many times as long as another the last frame is shown, before it begins anew."""


class Filmed(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps pictures of the first rounds that are played.

    Args:
        env: An environment with ``render_mode="rgb_array"``.
        rounds: How many rounds.

    Attributes:
        frames: RGB images, shape (600, 960, 3).
    """

    def __init__(self, env: gym.Env[Any, Any], rounds: int) -> None:
        super().__init__(env)
        self.rounds = rounds
        self.frames: list[Frame] = []

    def step(self, action: Any) -> Any:
        """Plays a round and draws it."""
        outcome = self.env.step(action)
        if len(self.frames) < self.rounds:
            self.frames.append(np.asarray(self.env.render()))
        return outcome


def frames_of(evaluator: Evaluator, policy: Any, seed: int, rounds: int) -> list[Frame]:
    """Plays an episode and draws its first rounds.

    Args:
        evaluator: The evaluation, whose environments have ``render_mode="rgb_array"``.
        policy: A policy, or what builds it from an environment.
        seed: Seed of the episode.
        rounds: Rounds to draw; all where the episode has fewer.

    Returns:
        RGB images, shape (600, 960, 3).
    """
    player, env, _ = evaluator.seated(policy)
    filmed = Filmed(env, rounds)
    play_episode(player, filmed, seed)
    return filmed.frames


def write_gif(frames: Sequence[Frame], path: Path, frames_per_second: float) -> None:
    """Writes an animation that repeats, of colours common to all its frames.

    Args:
        frames: RGB images of one shape.
        path: The file.
        frames_per_second: How many are shown a second.
    """
    indices, colours = _in_few_colours(np.stack(frames))
    shown = [Image.fromarray(frame) for frame in indices]
    for image in shown:
        image.putpalette(colours.tobytes())
    each = round(1000 / frames_per_second)
    times = [each] * (len(shown) - 1) + [HOLD * each]
    file = io.BytesIO()
    shown[0].save(
        file, "GIF", save_all=True, append_images=shown[1:], duration=times, loop=0, optimize=True
    )
    write_whole(path, file.getvalue())


def _in_few_colours(frames: Frame) -> tuple[Frame, Frame]:
    """Pixels as indices of the commonest colours, of which each takes the nearest.

    Returns:
        The indices, shape (frames, rows, columns), and the colours, shape (colours, 3).
    """
    packed = frames.astype(np.uint32) @ SHIFTS
    found, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = (found[:, None] // SHIFTS % 256).astype(np.int64)
    kept = every[np.argsort(-counts, kind="stable")[:COLOURS]]
    nearest = ((every[:, None] - kept) ** 2).sum(axis=-1).argmin(axis=1)
    return nearest[places].reshape(packed.shape).astype(np.uint8), kept.astype(np.uint8)
