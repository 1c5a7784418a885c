"""Making a trained model's file small: what only training needs is left out.

Optimiser states and the rest of the last rollout go. Critics cannot be left out, since loading
wants every parameter of the policy, so they are set to zero, which compresses to nothing. A slim
model acts as before, and is not fit to be trained further.
"""

import zipfile
from operator import attrgetter
from pathlib import Path

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

from agents.playing import as_policy
from asl_gym import Evaluator

__all__ = ["check_same_decisions", "compress", "slim"]

CRITICS = frozenset({"critic", "critic_target", "value_net", "lstm_critic"})
"""Names of the modules that only training needs."""

LAST_ROLLOUT = ("_last_obs", "_last_episode_starts", "_last_original_obs", "_last_lstm_states")
STATISTICS = ("ep_info_buffer", "ep_success_buffer")

CHECKED_ROUNDS = 30
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of all files in an archive, the earliest there is: when it was made is no content."""


def slim(model: BaseAlgorithm) -> None:
    """Removes from a model what acting does not need."""
    for name in model._get_torch_save_params()[0]:
        if name.endswith("optimizer"):
            attrgetter(name)(model).state.clear()
    for name, module in model.policy.named_modules():
        if name.rpartition(".")[2] in CRITICS:
            for parameter in module.parameters():
                parameter.data.zero_()
    for name in (*LAST_ROLLOUT, *STATISTICS):
        if hasattr(model, name):
            setattr(model, name, None)
    model.tensorboard_log = None


def compress(path: Path) -> None:
    """Writes a model's archive anew, compressed, with one date for all files."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            information = zipfile.ZipInfo(name, FIRST_DATE)
            archive.writestr(information, content, zipfile.ZIP_DEFLATED, 9)


def check_same_decisions(model: BaseAlgorithm, slimmed: BaseAlgorithm, env_id: str) -> None:
    """Checks that two models decide alike, on one episode.

    Raises:
        ValueError: If they do not, so that something was removed that acting needs.
    """
    evaluator = Evaluator(env_id, horizon=CHECKED_ROUNDS)
    (_, one), (_, other) = (
        next(evaluator.evaluate(as_policy(each), [0])) for each in (model, slimmed)
    )
    same = np.array_equal(one.split, other.split)
    if not same or not np.array_equal(one.server_frequency, other.server_frequency):
        raise ValueError(
            f"{model!r} decides otherwise without its critics {sorted(CRITICS)}: a module of that "
            "name is needed for acting, so give it another name"
        )
