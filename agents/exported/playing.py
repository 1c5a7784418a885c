"""Playing an agent from its ONNX file, by onnxruntime and NumPy alone."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from gymnasium.spaces import Box, MultiDiscrete
from numpy.typing import NDArray

from agents.exported.describing import KEY, AgentFile, read_description
from agents.generalist.agent import GeneralistAgent
from agents.hybrid.policy import HybridPolicy
from agents.price_network.policy import PriceAgent
from agents.shared.policy import SharedAgent
from asl_gym.arrays import Array, Float32
from asl_gym.envs.actions import ActionViewName
from asl_gym.policies.base import Policy
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.validation.checks import FieldError

__all__ = ["OnnxAgent", "OnnxNetwork", "agent_of", "load_agent"]


class OnnxNetwork:
    """A network in an ONNX file, on one thread.

    Args:
        contents: The file's.
        name: Its name, for errors.

    Attributes:
        agent: What the file says of it.

    Raises:
        FieldError: (a ValueError) If it is none that ``python -m agents export`` wrote.
    """

    def __init__(self, contents: bytes, name: str) -> None:
        self._made_of = contents, name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                contents, options, providers=["CPUExecutionProvider"]
            )
        except (onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf, RuntimeError) as error:
            allowed = "an ONNX file that python -m agents export wrote"
            raise FieldError("agent", name, allowed) from error
        told = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        self.agent: AgentFile = read_description(told, name)
        self._inputs = [each.name for each in self._session.get_inputs()]

    def __reduce__(self) -> tuple[type["OnnxNetwork"], tuple[bytes, str]]:
        """A session goes to no other process: it is made anew there."""
        return type(self), self._made_of

    def __call__(self, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """The network's outputs."""
        given = dict(zip(self._inputs, inputs, strict=True))
        outputs: list[NDArray[Any]] = self._session.run(None, given)
        return outputs

    @property
    def width(self) -> int:
        """Features of a row."""
        return int(self.agent.sizes["width"])

    @property
    def size(self) -> int:
        """Entries of an observation."""
        return int(self.agent.sizes["size"])

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        return int(self.agent.sizes["num_devices"])

    @property
    def num_splits(self) -> int:
        """Number of admissible split points L, where it decides those."""
        return int(self.agent.sizes["num_splits"])

    @property
    def action_view(self) -> ActionViewName:
        """The view of the action that :meth:`decide` decides in."""
        return "split" if "num_splits" in self.agent.sizes else "price"

    def decide(self, features: Float32) -> NDArray[Any]:
        """Actions of the view, shape (B, N), for the features of B environments."""
        return self(features)[0]

    def prices(self, features: Float32) -> Array:
        """Prices in units of 1/ϖ, shape (B, N, M), for features of shape (B, N, width)."""
        return self(features)[0].astype(float)

    def logits(self, observation: NDArray[np.floating]) -> NDArray[np.float32]:
        """Logits of shape (..., N, L) for observations of shape (..., size)."""
        values = np.asarray(observation, dtype=np.float32)
        found = self(values.reshape(-1, values.shape[-1]))[0]
        return found.reshape(*values.shape[:-1], *found.shape[1:])


class OnnxAgent:
    """Acts by a network that goes from observations to actions.

    Args:
        network: The network.

    Attributes:
        action_space: What it decides, which tells the view that it acts in.
        observation_space: What it sees.
    """

    def __init__(self, network: OnnxNetwork) -> None:
        self._network, sizes = network, network.agent.sizes
        self.action_space: Box | MultiDiscrete = (
            MultiDiscrete(sizes["choices"])
            if "choices" in sizes
            else Box(-1.0, 1.0, (sizes["positions"],), np.float32)
        )
        self.observation_space = Box(-np.inf, np.inf, (network.size,), np.float32)
        self._state = tuple(sizes.get("state", ()))

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], Any]:
        """Decides for one observation or a batch, always in the same way.

        Args:
            observation: Shape (size,) or (B, size).
            state: What the last call returned; ``None`` starts anew.
            episode_start: Which environments start an episode, shape (B,) or a bool.
            deterministic: Ignored.

        Returns:
            The action or actions, and the state.

        Raises:
            ValueError: If the observation has another size than the network was made for.
        """
        shown = np.asarray(observation, dtype=np.float32)
        batch = shown.reshape(-1, shown.shape[-1])
        if batch.shape[-1] != self._network.size:
            raise ValueError(
                f"the observation has {batch.shape[-1]} entries: expected {self._network.size}, "
                "which the network was made for"
            )
        if not self._state:
            (action,) = self._network(batch)
        else:
            action, *state = self._network(batch, *self._begun(state, episode_start, len(batch)))
        return (action[0] if shown.ndim == 1 else action), state

    def _begun(self, state: Any, episode_start: Any, rows: int) -> list[Float32]:
        """The states to go on from, nothing where an episode starts."""
        layers, width = self._state
        if state is None:
            return [np.zeros((layers, rows, width), np.float32) for _ in range(2)]
        starts = np.broadcast_to(False if episode_start is None else episode_start, rows)
        return [np.where(starts[:, None], np.float32(0.0), each) for each in state]


def load_agent(path: str | Path) -> Policy | PolicyFactory:
    """Loads an agent from an ONNX file, see :func:`agent_of`."""
    return agent_of(Path(path).read_bytes(), str(path))


def agent_of(contents: bytes, name: str) -> Policy | PolicyFactory:
    """Loads an agent from what an ONNX file holds.

    Args:
        contents: Of a file that ``python -m agents export`` wrote.
        name: The file's name, for errors.

    Returns:
        What :func:`asl_gym.evaluate` takes: a policy, or what builds it from an environment.

    Raises:
        FieldError: (a ValueError) If it is no such file.
    """
    network = OnnxNetwork(contents, name)
    agent = network.agent
    if agent.kind == "proposals":
        return partial(HybridPolicy, network, agent.sizes["num_candidates"])
    if agent.kind == "devices":
        return partial(SharedAgent, network, tuple(agent.sizes.get("decays", ())))
    if agent.kind == "options":
        return partial(GeneralistAgent, network, tuple(agent.sizes["decays"]))
    if agent.kind == "prices":
        return partial(PriceAgent, network, tuple(agent.sizes["decays"]))
    return OnnxAgent(network)
