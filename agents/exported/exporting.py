"""Writing an agent's network as an ONNX file, and checking that it decides as the agent does."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import onnx
import torch
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from torch import Tensor, nn

from agents.exported.describing import KEY, AgentFile, Kind, described
from agents.generalist.network import GeneralistPolicy
from agents.hybrid.network import ProposalPolicy
from agents.price_network.network import PricePolicy
from agents.shared.network import SharedPolicy
from asl_gym.validation.checks import FieldError

__all__ = ["as_onnx"]

FEATURES = {
    "devices": ("rows of devices",),
    "options": ("devices", "options"),
    "prices": ("devices",),
}
"""Axes of the features behind the first, of the kinds that are given features."""

GIVEN = {"proposals": "logits", "prices": "prices"}
"""What networks give that give no actions."""

BATCH = 3
"""Rows of the example that a network is traced with; files take any number."""


class _Indices(nn.Module):
    """The likeliest choice of each index of an action."""

    def __init__(self, policy: ActorCriticPolicy) -> None:
        super().__init__()
        self.body, self.head = policy.mlp_extractor.policy_net, policy.action_net
        self.counts = [int(count) for count in policy.action_space.nvec]  # type: ignore[attr-defined]

    def forward(self, observation: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(observation))
        each = [part.argmax(dim=-1) for part in torch.split(logits, self.counts, dim=-1)]
        return torch.stack(each, dim=-1)


class _Remembering(_Indices):
    """The same behind a recurrent layer, whose state is handed on."""

    def __init__(self, policy: RecurrentActorCriticPolicy) -> None:
        super().__init__(policy)
        self.memory = policy.lstm_actor

    def forward(  # type: ignore[override]
        self, observation: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        found, (hidden, cell) = self.memory(observation[None], (hidden, cell))
        return super().forward(found[0]), hidden, cell


class _Positions(nn.Module):
    """The action that an actor of one peak takes."""

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self.actor = policy.actor

    def forward(self, observation: Tensor) -> Tensor:
        actor = self.actor
        if hasattr(actor, "latent_pi"):
            return torch.tanh(actor.mu(actor.latent_pi(observation)))
        return actor.mu(observation)  # type: ignore[no-any-return]


class _Devices(nn.Module):
    """What the average decides for every device."""

    def __init__(self, policy: SharedPolicy | GeneralistPolicy) -> None:
        super().__init__()
        self.average, self.best = policy.average, policy.best

    def forward(self, features: Tensor) -> Tensor:
        return self.best(self.average(features))


class _Prices(nn.Module):
    """The average's prices of every device."""

    def __init__(self, policy: PricePolicy) -> None:
        super().__init__()
        self.average = policy.average

    def forward(self, features: Tensor) -> Tensor:
        return self.average(features)  # type: ignore[no-any-return]


class _Proposals(nn.Module):
    """Logits of every device."""

    def __init__(self, policy: ProposalPolicy) -> None:
        super().__init__()
        self.network, self.shape = policy.network, (policy.num_devices, policy.num_splits)

    def forward(self, observation: Tensor) -> Tensor:
        return self.network(observation).unflatten(-1, self.shape)  # type: ignore[no-any-return]


def _part_of(policy: BasePolicy) -> tuple[Kind, nn.Module, dict[str, Any]]:
    """The kind of a policy, the network that acts, and how large it is."""
    if isinstance(policy, SharedPolicy):
        counts = {"num_splits": policy.num_splits} if policy.action_view == "split" else {}
        return "devices", _Devices(policy), {"width": policy.width, **counts}
    if isinstance(policy, GeneralistPolicy):
        return "options", _Devices(policy), {"width": policy.width}
    if isinstance(policy, PricePolicy):
        return "prices", _Prices(policy), {"width": policy.width}
    shape = policy.observation_space.shape
    sizes: dict[str, Any] = {"size": int(shape[0]) if shape else 0}
    if isinstance(policy, ProposalPolicy):
        counts = {"num_devices": policy.num_devices, "num_splits": policy.num_splits}
        return "proposals", _Proposals(policy), sizes | counts
    if isinstance(policy, RecurrentActorCriticPolicy):
        lstm = policy.lstm_actor
        state = {"state": [lstm.num_layers, lstm.hidden_size]}
        return "remembering", _Remembering(policy), sizes | state | _choices(policy)
    if isinstance(policy, ActorCriticPolicy) and hasattr(policy.action_space, "nvec"):
        return "indices", _Indices(policy), sizes | _choices(policy)
    if hasattr(policy, "actor"):
        (positions,) = policy.action_space.shape or ()
        return "positions", _Positions(policy), sizes | {"positions": int(positions)}
    kinds = "a policy over MultiDiscrete, or an off-policy actor over a Box"
    raise FieldError("policy", type(policy).__name__, kinds)


def _choices(policy: BasePolicy) -> dict[str, Any]:
    return {"choices": [int(count) for count in policy.action_space.nvec]}  # type: ignore[attr-defined]


def as_onnx(policy: BasePolicy, env_id: str, sizes: Mapping[str, Any]) -> bytes:
    """The contents of an ONNX file with the part of a policy that acts.

    Args:
        policy: The policy, whose networks see flat vectors or features of devices.
        env_id: What it was trained on.
        sizes: The agent's own figures, as :func:`agents.pretrained.weights.describe` tells them.

    Raises:
        FieldError: (a ValueError) If the policy is of none of the kinds that there are.
    """
    kind, acting, own = _part_of(policy)
    agent = AgentFile(kind, env_id, own | dict(sizes))
    of_features = kind in FEATURES
    names = ["features" if of_features else "observation"]
    inputs = [_example(agent)]
    outputs = [GIVEN.get(kind, "action")]
    axes = {names[0]: {0: "rows"}, outputs[0]: {0: "rows"}}
    if of_features:
        axes[names[0]] |= dict(enumerate(FEATURES[kind], start=1))
        axes[outputs[0]][1] = "devices"
    if kind == "remembering":
        layers, width = agent.sizes["state"]
        inputs += [torch.zeros(layers, BATCH, width) for _ in range(2)]
        names, outputs = [*names, "hidden", "cell"], [*outputs, "next_hidden", "next_cell"]
        axes |= {name: {1: "rows"} for name in (*names[1:], *outputs[1:])}
    contents = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that torch would rather have used takes a package more and writes the same.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            acting.eval(), tuple(inputs), contents, input_names=names, output_names=outputs,
            dynamic_axes=axes, dynamo=False,
        )  # fmt: skip
    model = onnx.load_from_string(contents.getvalue())
    onnx.helper.set_model_props(model, {KEY: described(agent)})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _example(agent: AgentFile) -> Tensor:
    if agent.kind not in FEATURES:
        return torch.zeros(BATCH, agent.sizes["size"])
    # Devices and options of any number.
    shape = [BATCH] * len(FEATURES[agent.kind])
    return torch.zeros(BATCH, *shape, agent.sizes["width"])
