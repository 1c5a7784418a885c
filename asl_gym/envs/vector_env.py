"""``ASL-v0`` in batches: many environments in one set of array operations."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from asl_gym.envs.arguments import EnvArguments, build_parts, checked_options
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.viewing import render_rows
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.validation.checks import FieldError, sequence, whole_number

__all__ = ["ASLVectorEnv"]

AUTORESET_MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)
Observations = NDArray[np.float32]
Seeds = int | np.integer[Any] | Iterable[Any] | None


class ASLVectorEnv(VectorEnv[Observations, Any, NDArray[Any]]):
    """A batch of ``ASL-v0`` environments; row i equals :class:`ASLEnv` seeded with seed + i.

    Spaces, observations, rewards, info and arguments are those of :class:`asl_gym.envs.env.ASLEnv`,
    with a leading axis of environments. In ``info`` each entry has its mask ``_name``. All
    environments have the same horizon, so they end and reset together: on the step after the
    last round with ``AutoresetMode.NEXT_STEP`` (that step's action is not played, its reward is
    0), in the same step with ``SAME_STEP`` (``final_obs`` and ``final_info`` hold the end).

    Args:
        num_envs: Number of environments B.
        autoreset_mode: ``NEXT_STEP`` or ``SAME_STEP``, as a member of ``AutoresetMode`` or its
            value.
    """

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenario | str | Path = "default",
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **arguments: Unpack[EnvArguments],
    ) -> None:
        self.num_envs = whole_number("num_envs", num_envs, 1)
        self._mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**ASLEnv.metadata, "autoreset_mode": self._mode}
        parts = build_parts(self.num_envs, scenario, arguments)
        self.scenario, self.simulation, self.view, self.render_mode = parts
        self.codec = self.simulation.codec
        self.single_action_space = self.view.space
        self.action_space = self.view.batch_space(self.num_envs)
        self.single_observation_space = self.codec.space
        self.observation_space = batch_space(self.codec.space, self.num_envs)
        self._generators: list[np.random.Generator] = []

    @property
    def energy_budget(self) -> float:
        """Energy budget of the whole system per round [J]."""
        return self.scenario.energy_budget

    @property
    def queue(self) -> NDArray[np.float64]:
        """Virtual queues [J], shape (B,), or (B, K) with per-device budgets."""
        return self.simulation.shown_queue()

    @property
    def battery(self) -> NDArray[np.float64]:
        """What batteries hold [J], shape (B, N)."""
        return self.simulation.battery.copy()

    @property
    def harvest(self) -> MeasuredHarvest | None:
        """The measured harvests that are played; ``None`` without."""
        return self.simulation.harvest

    def reset(
        self,
        *,
        seed: Seeds = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, dict[str, Any]]:
        """Starts an episode in every environment.

        Args:
            seed: Environment i is seeded with ``seed + i``, or with ``seed[i]``.
            options: ``{"trace": Trace}`` plays that trace: shape (B, T, N), or (T, N) for all.

        Returns:
            Observations of shape (B, size) and the info.

        Raises:
            ValueError: If the number of seeds is not B, or the trace does not fit.
        """
        trace = self.simulation.fitted(checked_options(options).get("trace"))
        self._seed(seed)
        self.simulation.start(self._generators, trace)
        return self.simulation.observe(self.view), self._reset_info()

    def _seed(self, seed: Seeds) -> None:
        if seed is None and self._generators:
            return
        if seed is None or not isinstance(seed, Iterable):
            first = None if seed is None else whole_number("seed", seed, 0)
            seeds = [None if first is None else first + i for i in range(self.num_envs)]
        else:
            seeds = [
                None if one is None else whole_number(f"seed[{i}]", one, 0)
                for i, one in enumerate(sequence("seed", seed, "seeds"))
            ]
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds were given: expected {self.num_envs}")
        # A row without a seed goes on with its generator, as the scalar environment does.
        self._generators = [
            self._generators[i] if one is None and self._generators else seeding.np_random(one)[0]
            for i, one in enumerate(seeds)
        ]

    def step(
        self, actions: Any
    ) -> tuple[Observations, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Plays a round in every environment, or resets those that have ended.

        Args:
            actions: A batch of actions.

        Raises:
            ValueError: If an action lies outside the action space; nothing is played then.
            RuntimeError: If reset() has not been called.
        """
        simulation = self.simulation
        if not simulation.started:
            raise RuntimeError("step() needs an episode that has started: call reset() first")
        if simulation.finished:
            # Checked as any other action, and not played.
            simulation.check(actions, self.view)
            simulation.start(self._generators)
            nothing = np.zeros(self.num_envs), self._flags(False), self._flags(False)
            return simulation.observe(self.view), *nothing, self._reset_info()
        observations = simulation.step(actions, self.view)
        reward, info = simulation.info()
        info = self._masked(info)
        ended = simulation.round_index >= self.scenario.horizon
        if ended and self._mode == AutoresetMode.SAME_STEP:
            final = {"final_obs": _rows(observations), "final_info": info}
            simulation.start(self._generators)
            info = self._masked(final) | self._reset_info()
            observations = simulation.observe(self.view)
        flags = self._flags(False), self._flags(ended)
        return observations, reward, *flags, info

    def _flags(self, value: bool) -> NDArray[np.bool_]:
        return np.full(self.num_envs, value)

    def _masked(self, info: dict[str, Any]) -> dict[str, Any]:
        masks = np.ones((len(info), self.num_envs), dtype=bool)
        return info | {f"_{name}": mask for name, mask in zip(info, masks, strict=True)}

    def _reset_info(self) -> dict[str, Any]:
        return self._masked(self.simulation.start_info())

    def render(self) -> tuple[Any, ...] | None:
        """Shows every environment's last round, see :meth:`ASLEnv.render`."""
        return render_rows(self.simulation, self.render_mode, self.num_envs)


def _rows(values: NDArray[Any]) -> NDArray[Any]:
    """An object array of the rows, the form in which Gymnasium hands out ``final_obs``."""
    rows = np.empty(len(values), dtype=object)
    rows[:] = list(values)
    return rows


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    values = [m.value for m in AUTORESET_MODES]
    if mode not in (*AUTORESET_MODES, *values):
        raise FieldError("autoreset_mode", mode, "one of " + ", ".join(map(repr, values)))
    return AutoresetMode(mode)
