"""The two halves of every cut of many networks against the whole, and against a real link."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from asl_gym.networks.cuts import chosen
from asl_gym.networks.graph_plan import GraphPlan
from tests.networks.zoo import ZOO

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
LEARNING_RATE = 0.1


def made(name: str, dtype: torch.dtype) -> tuple[nn.Module, tuple[Any, ...]]:
    build, make_inputs = ZOO[name]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        module, inputs = build().to(dtype), make_inputs()
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module, pytree.tree_map(lambda x: x.to(dtype) if x.is_floating_point() else x, inputs)


def trained(module: nn.Module, forward_and_backward: Any) -> dict[str, Tensor]:
    """Outputs, gradients, buffers and parameters after a step, from the same state and seed."""
    before = copy.deepcopy(module.state_dict())
    optimiser = torch.optim.SGD(module.parameters(), LEARNING_RATE)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        outputs = forward_and_backward()
    found = {f"output {i}": each for i, each in enumerate(pytree.tree_leaves(outputs))}
    for name, parameter in module.named_parameters():
        gradient = parameter.grad
        found[f"gradient of {name}"] = torch.zeros(()) if gradient is None else gradient.clone()
    optimiser.step()
    found |= {name: value.clone() for name, value in module.state_dict().items()}
    module.load_state_dict(before)
    module.zero_grad()
    return {name: value.detach() for name, value in found.items()}


def loss_of(outputs: Any) -> Tensor:
    leaves = pytree.tree_leaves(outputs)
    return torch.stack([(leaf.cos() + leaf.square()).sum() for leaf in leaves]).sum()


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        error = torch.linalg.vector_norm((found[name] - value).double())
        assert error <= tolerance * torch.linalg.vector_norm(value.double()), name


def size_in_bits(tensors: list[Tensor]) -> int:
    return sum(8 * tensor.numel() * tensor.element_size() for tensor in tensors)


def over_a_link(
    device: nn.Module, server: nn.Module, inputs: tuple[Any, ...]
) -> tuple[Any, list[Tensor], list[Tensor]]:
    """Outputs, tensors sent and gradients received, with nothing shared but what is sent."""
    crossing = device(*inputs)
    sent = [each.detach().clone().requires_grad_(each.requires_grad) for each in crossing]
    outputs = server(*sent)
    loss_of(outputs).backward()  # type: ignore[no-untyped-call]
    pairs = [(mine, its.grad) for mine, its in zip(crossing, sent, strict=True)]
    returned = [(mine, gradient) for mine, gradient in pairs if gradient is not None]
    if returned:
        torch.autograd.backward(*zip(*returned, strict=True))  # type: ignore[arg-type]
    return outputs, list(crossing), [gradient for _, gradient in returned]


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", ZOO)
def test_halves_equal_the_whole_at_every_cut(name: str, dtype: torch.dtype) -> None:
    module, inputs = made(name, dtype)

    def whole() -> Any:
        outputs = module(*copy.deepcopy(inputs))
        loss_of(outputs).backward()  # type: ignore[no-untyped-call]
        return outputs

    expected = trained(module, whole)
    plan = GraphPlan(module, inputs, None)
    cuts = plan.candidates
    if dtype == torch.float32:
        cuts = list(chosen(cuts, "all", tied=True, dominated=False))
    for cut in cuts:
        device, server = plan.halves(cut)
        sizes: list[int] = []

        def halves(device: nn.Module = device, server: nn.Module = server) -> Any:
            outputs = server(*device(*copy.deepcopy(inputs)))
            loss_of(outputs).backward()  # type: ignore[no-untyped-call]
            return outputs

        def linked(
            device: nn.Module = device, server: nn.Module = server, into: Any = sizes
        ) -> Any:
            outputs, up, down = over_a_link(device, server, copy.deepcopy(inputs))
            into += [size_in_bits(up), size_in_bits(down)]
            return outputs

        assert_same(trained(module, halves), expected, TOLERANCE[dtype])
        assert_same(trained(module, linked), expected, TOLERANCE[dtype])
        assert sizes == [cut.uplink_bits, cut.downlink_bits], cut.name
