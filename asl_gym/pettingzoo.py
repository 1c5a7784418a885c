"""The same game with an agent a device, as a parallel environment of PettingZoo.

Needs the extra ``pettingzoo``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Unpack, get_args

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete

from asl_gym.arrays import Float32
from asl_gym.envs.arguments import EnvArguments
from asl_gym.envs.env import ASLEnv
from asl_gym.extras import extra_needed
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError, one_of

with extra_needed("pettingzoo", __name__):
    from pettingzoo import ParallelEnv

__all__ = ["Credit", "DevicesEnv", "parallel_env"]

Credit = Literal["own", "shared"]
"""Whether each agent is paid its own share of the reward or the whole of it."""

OF_DEVICE = ("device_delay", "device_energy", "split", "split_index", "server_frequency")
ON_BATTERIES = ("battery", "harvest", "wait", "end_charge")
"""Entries of the round's info of which each agent gets its own, but for the prefix."""


class DevicesEnv(ParallelEnv):  # type: ignore[misc]
    """An environment id in which each device decides its own split point.

    Agents are ``device_0``, ``device_1``, …. Each sees its row of the observation ``devices`` and
    the system's row after it, shape (2·F,), and picks the index of one of its admissible split
    points; frequencies follow as in the view ``split``. :meth:`state` gives the rows of all.

    Its reward is its share, ``info["device_reward"]`` of the environment, or with
    ``credit="shared"`` the reward itself. All agents are truncated together, at the horizon.

    Args:
        env_id: The environment's id, such as ``"ASL-v0"``.
        credit: ``"own"`` or ``"shared"``.
        scenario: The scenario, a preset's name or a JSON file; the id's own if left out.
        **arguments: The environment's other arguments, but for the views.

    Raises:
        FieldError: (a ValueError) If an argument is not allowed.
    """

    metadata: ClassVar[dict[str, Any]] = {
        **ASLEnv.metadata,
        "name": "asl_v0",
        "is_parallelizable": True,
    }

    def __init__(
        self,
        env_id: str = "ASL-v0",
        credit: Credit = "own",
        scenario: Scenario | str | Path | None = None,
        **arguments: Unpack[EnvArguments],
    ) -> None:
        for name in ("action_view", "observation"):
            if name in arguments:
                allowed = "to be left out: agents see and decide by device"
                raise FieldError(name, arguments[name], allowed)
        self._credit = one_of("credit", credit, get_args(Credit))
        given: dict[str, Any] = {} if scenario is None else {"scenario": scenario}
        given |= {"action_view": "split", "observation": "devices", **arguments}
        one_of("env_id", env_id, tuple(_own_ids()))
        self._env: ASLEnv = gym.make(env_id, disable_env_checker=True, **given).unwrapped  # type: ignore[assignment]
        self.scenario, self.render_mode = self._env.scenario, self._env.render_mode
        self.harvest = self._env.harvest
        self.possible_agents = [f"device_{n}" for n in range(self.scenario.num_devices)]
        self.agents: list[str] = []
        rows = self._env.observation_space
        assert isinstance(rows, Box)
        self.state_space = rows
        counts = self._env.scenario.split_points.counts
        self.observation_spaces = {
            name: Box(_seen_of(rows.low, n), _seen_of(rows.high, n), dtype=np.float32)
            for n, name in enumerate(self.possible_agents)
        }
        self.action_spaces = {
            name: Discrete(int(count))
            for name, count in zip(self.possible_agents, counts, strict=True)
        }

    def observation_space(self, agent: str) -> Box:
        """What an agent sees."""
        space: Box = self.observation_spaces[agent]
        return space

    def action_space(self, agent: str) -> Discrete:
        """What an agent may do."""
        space: Discrete = self.action_spaces[agent]
        return space

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Float32], dict[str, dict[str, Any]]]:
        """Starts an episode.

        Args:
            seed: As for :meth:`ASLEnv.reset`.
            options: Likewise; PettingZoo wants options that an environment doesn't know let pass,
                which is told by a warning.
        """
        known = {name: value for name, value in (options or {}).items() if name == "trace"}
        if len(known) < len(options or {}):
            gym.logger.warn(f"reset options = {options!r}: those other than 'trace' do nothing")
        self._rows, info = self._env.reset(seed=seed, options=known)
        self.agents = list(self.possible_agents)
        return self._seen(), {name: _of_start(info, n) for n, name in enumerate(self.agents)}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Float32],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Plays a round.

        Args:
            actions: The index of a split point for each agent.

        Raises:
            ValueError: If an agent has none, or one that is not allowed; nothing has changed then.
        """
        if not self.agents:
            return {}, {}, {}, {}, {}
        if set(actions) != set(self.agents):
            raise FieldError("actions", sorted(actions), f"one for each of {self.agents}")
        played = np.array([actions[name] for name in self.agents])
        self._rows, reward, _, truncated, info = self._env.step(played)
        names, seen = list(self.agents), self._seen()
        shares = info["device_reward"].tolist() if self._credit == "own" else [reward] * len(names)
        if truncated:
            self.agents = []
        return (
            seen,
            dict(zip(names, shares, strict=True)),
            dict.fromkeys(names, False),
            dict.fromkeys(names, truncated),
            {name: _told(info, n) for n, name in enumerate(names)},
        )

    def _seen(self) -> dict[str, Float32]:
        return {name: _seen_of(self._rows, n) for n, name in enumerate(self.possible_agents)}

    def state(self) -> Float32:
        """The rows of all devices and of the system, shape (N + 1, F)."""
        return self._rows.copy()

    def render(self) -> Any:
        """Shows the last round, see :meth:`ASLEnv.render`."""
        return self._env.render()

    def close(self) -> None:
        """Closes the environment."""
        self._env.close()


def _own_ids() -> list[str]:
    """Ids of this project's environments whose costs come apart by device."""
    own = f"{ASLEnv.__module__}:{ASLEnv.__qualname__}"
    return [name for name, spec in gym.registry.items() if spec.entry_point == own]


def _seen_of(rows: Float32, device: int) -> Float32:
    return np.concatenate([rows[device], rows[-1]])


def _of_start(info: Mapping[str, Any], device: int) -> dict[str, Any]:
    """What an agent is told at an episode's start: the queue, or what its own battery holds."""
    return {
        name: value[device].item() if name in ON_BATTERIES else value
        for name, value in info.items()
    }


def _told(info: Mapping[str, Any], device: int) -> dict[str, Any]:
    """What an agent is told of a round: the system's figures, and its own of the devices'."""
    names = [name for name in (*OF_DEVICE, *ON_BATTERIES) if name in info]
    own = {name.removeprefix("device_"): info[name][device].item() for name in names}
    queue = {"queue": info["queue"]} if "queue" in info else {}
    return {"round_delay": info["delay"], "round_energy": info["energy"], **queue, **own}


def parallel_env(
    env_id: str = "ASL-v0",
    credit: Credit = "own",
    scenario: Scenario | str | Path | None = None,
    **arguments: Unpack[EnvArguments],
) -> DevicesEnv:
    """Makes an environment id with an agent a device, see :class:`DevicesEnv`."""
    return DevicesEnv(env_id, credit, scenario, **arguments)
