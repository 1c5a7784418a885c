"""A replica of the network that is cut anew every round: its halves and what moves with them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.arranging import float_buffers
from asl_gym.networks.chain import NamedLayers
from asl_gym.networks.counting import tensors_in
from asl_gym.networks.cuts import Cut, bits_of, named
from asl_gym.networks.halves import Half
from asl_gym.networks.planning import Plan, plan_of
from asl_gym.validation.checks import FieldError

__all__ = ["Chained", "CutNetwork", "Halves"]


class Chained(nn.Module):
    """A network that its user has cut by hand into (name, module) pairs, run one after another.

    Args:
        links: The pairs; each is called with what the one before returned (a tuple is unpacked).
    """

    def __init__(self, links: NamedLayers) -> None:
        super().__init__()
        self.names = [name for name, _ in links]
        self.links = nn.ModuleList(module for _, module in links)

    def forward(self, *inputs: Any) -> Any:
        """Runs all links."""
        values: Any = inputs
        for link in self.links:
            values = link(*(values if isinstance(values, tuple) else (values,)))
        return values


class Halves(NamedTuple):
    """A network cut in two.

    Attributes:
        device: From inputs to the tuple of tensors that cross.
        server: From those to the network's output.
        split: The split point.
        is_whole: Whether the device has all of it.
        on_device: Names of what lies with the device's half and moves with it.
    """

    device: Half
    server: Half
    split: int
    is_whole: bool
    on_device: tuple[str, ...]


class CutNetwork:
    """A network with its halves at the split points of a profile.

    Args:
        module: The network, in the mode in which it trains; its tensors are used, not copied.
        profile: The profile whose split points it is cut at, for example
            ``asl_gym.networks.profile(module, inputs)``.

    Attributes:
        module: The network.
        profile: The profile.
        tensors: Parameters and buffers of its state, by name; those that several layers share have
            one name.
        counted: Names of those that the profile counts: parameters and floating-point buffers.
            Counters such as BatchNorm's of its batches are not.
    """

    def __init__(self, module: nn.Module, profile: NetworkProfile) -> None:
        self.module, self.profile = module, profile
        parameters = dict(module.named_parameters())
        kept = module.state_dict(keep_vars=True)
        buffers = {name: each for name, each in module.named_buffers() if name in kept}
        self.tensors: dict[str, Tensor] = parameters | buffers
        travelling = {id(each) for each in (*parameters.values(), *float_buffers(module).values())}
        self.counted = {name for name, each in self.tensors.items() if id(each) in travelling}
        self._halves_at = lru_cache(maxsize=None)(self._cut)
        self._plans: dict[Any, Plan] = {}

    @property
    def trained(self) -> dict[str, Tensor]:
        """Parameters that training changes."""
        return {name: each for name, each in self.tensors.items() if each.requires_grad}

    def halves(self, split: int, inputs: Sequence[Any]) -> Halves:
        """The halves at a split point for a batch of inputs.

        Args:
            split: The split point ℓ.
            inputs: The network's arguments, of which shapes and dtypes count.

        Raises:
            FieldError: If the network has no such cut, weights are tied across it, or it costs
                other bits than the profile says.
        """
        return self._halves_at(split, self._planned(inputs))

    def check(self, splits: Sequence[int], inputs: Sequence[Any]) -> None:
        """Raises what :meth:`halves` would at any of the split points."""
        shapes = self._planned(inputs)
        for split in splits:
            self._cut_of(split, shapes)

    def _planned(self, inputs: Sequence[Any]) -> Any:
        """Shapes and dtypes of the inputs, for which there is a plan afterwards."""
        tensors = tensors_in(tuple(inputs))
        shapes = tuple((tuple(each.shape), each.dtype) for each in tensors)
        if shapes not in self._plans:
            whole: Any = self.module
            if isinstance(whole, Chained):
                whole = list(zip(whole.names, whole.links, strict=True))
            plan = plan_of(whole, tuple(inputs), None, None)
            self._refuse_hidden_state(plan)
            self._plans[shapes] = plan
        return shapes

    def _cut(self, split: int, shapes: Any) -> Halves:
        device, server = self._plans[shapes].halves(self._cut_of(split, shapes))
        held = {id(each) for each in (*device.parameters(), *device.buffers())}
        on_device = tuple(name for name, each in self.tensors.items() if id(each) in held)
        is_whole = split == self.profile.num_layers
        return Halves(device, server, split, is_whole, on_device)  # type: ignore[arg-type]

    def _cut_of(self, split: int, shapes: Any) -> Cut:
        plan = self._plans[shapes]
        ends = {0: plan.candidates[0], self.profile.num_layers: plan.candidates[-1]}
        name = self.profile.cut_names[split]
        cut = ends[split] if split in ends else named(name, plan.candidates)
        if cut.tied and split not in ends:
            allowed = (
                f"a cut with all uses of {', '.join(cut.tied)} on one side, since weights that "
                "both halves hold cannot be trained apart: leave it out of workload.splits"
            )
            raise FieldError("split", f"{split} ({name})", allowed)
        self._check_profile(split, cut, shapes[0][0][0])
        return cut

    def _check_profile(self, split: int, cut: Cut, samples: int) -> None:
        """Compares what the profile says of a split point with what the cut really moves."""
        profile, is_end = self.profile, split == self.profile.num_layers
        figures: dict[str, tuple[tuple[float, ...], float]]
        figures = {"parameter_bits": (profile.parameter_bits, cut.parameter_bits + cut.buffer_bits)}
        if not is_end:
            figures["activation_bits"] = profile.activation_bits, cut.uplink_bits / samples
            figures["gradient_bits"] = profile.downlink_bits, cut.downlink_bits / samples
        for field, (told, measured) in figures.items():
            if told[split] != measured:
                where = f"profile.{field}[{split}] ({profile.cut_names[split]})"
                allowed = f"{measured:.17g}, what the module has: profile it as it is trained"
                raise FieldError(where, told[split], allowed)

    def _refuse_hidden_state(self, plan: Plan) -> None:
        """Refuses state that training changes but that is in no ``state_dict``."""
        arrangement = getattr(plan, "arrangement", None)
        for weight in arrangement.weights if arrangement else ():
            if weight.changes and not any(weight.tensor is each for each in self.tensors.values()):
                allowed = "a persistent buffer, since it changes in training and has to move"
                raise FieldError("module", f"buffer {weight.name!r}", allowed)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Copies values into the network's tensors of these names."""
        with torch.no_grad():
            for name, each in state.items():
                self.tensors[name].copy_(each)

    def copies(self, names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Copies of the network's tensors of these names; of all by default."""
        chosen = self.tensors if names is None else names
        return {name: self.tensors[name].detach().clone() for name in chosen}

    def counted_bits(self, names: Sequence[str]) -> int:
        """Bits of those of these tensors that the profile counts."""
        return bits_of((self.tensors[name] for name in names if name in self.counted), None)
