"""FLOPs of operators against closed forms, and against which gradients autograd really makes."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asl_gym import networks
from asl_gym.networks.counting import Counter, Weights

CONVOLUTIONS = {1: (F.conv1d, F.conv_transpose1d), 2: (F.conv2d, F.conv_transpose2d)}
CONVOLUTIONS[3] = F.conv3d, F.conv_transpose3d


class Convolution(NamedTuple):
    """A convolution's sizes, and what it costs forward by hand."""

    function: Any
    inputs: Tensor
    weight: Tensor
    options: dict[str, Any]
    flops: int


def drawn_convolution(seed: int) -> Convolution:
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(1, 4))
    groups = int(rng.integers(1, 4))
    into, out = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    kernel = [int(k) for k in rng.integers(1, 4, dimensions)]
    stride, dilation = (int(k) for k in rng.integers(1, 4, 2))
    padding = int(rng.integers(0, 3))
    size = [int(k) for k in rng.integers(7, 10, dimensions)]
    transposed = bool(rng.integers(2))
    batch = int(rng.integers(1, 4))
    inputs = torch.zeros(batch, into, *size)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if transposed:
        weight, places = torch.zeros(into, out // groups, *kernel), math.prod(size)
    else:
        weight = torch.zeros(out, into // groups, *kernel)
        spans = [(k - 1) * dilation + 1 for k in kernel]
        pairs = zip(size, spans, strict=True)
        places = math.prod((s + 2 * padding - span) // stride + 1 for s, span in pairs)
    per_place = (into // groups) * (out // groups) * groups * math.prod(kernel)
    function = CONVOLUTIONS[dimensions][transposed]
    return Convolution(function, inputs, weight, options, 2 * batch * places * per_place)


def counted(function: Any, *tensors: Tensor, **options: Any) -> tuple[int, int]:
    """FLOPs of a call, forward and backward."""
    counter = Counter("here", Weights())
    with counter:
        function(*tensors, **options)
    return counter.forward.flops, counter.backward.flops


@pytest.mark.parametrize("seed", range(200))
def test_convolutions(seed: int) -> None:
    """Also as the only layer, where the raw data needs no gradient."""
    drawn = drawn_convolution(seed)
    inputs, weight = drawn.inputs, drawn.weight.requires_grad_()
    assert counted(drawn.function, inputs, weight, **drawn.options) == (drawn.flops, drawn.flops)
    inputs = inputs.requires_grad_()
    expected = drawn.flops, 2 * drawn.flops
    assert counted(drawn.function, inputs, weight, **drawn.options) == expected


def matrix(*shape: int) -> Tensor:
    return torch.zeros(*shape, requires_grad=True)


PRODUCTS: dict[str, tuple[Any, list[tuple[int, ...]], int]] = {
    "linear": (F.linear, [(3, 4), (5, 4)], 3 * 4 * 5),
    "linear, more axes": (F.linear, [(2, 3, 4), (5, 4)], 2 * 3 * 4 * 5),
    "matrix times matrix": (torch.mm, [(3, 4), (4, 5)], 3 * 4 * 5),
    "batched": (torch.matmul, [(2, 1, 3, 4), (6, 4, 5)], 2 * 6 * 3 * 4 * 5),
    "matrix times vector": (torch.mv, [(3, 4), (4,)], 3 * 4),
    "vector times matrix": (torch.matmul, [(4,), (4, 5)], 4 * 5),
    "vectors": (torch.dot, [(7,), (7,)], 7),
    "einsum": (lambda a, b: torch.einsum("bik,bjk->bij", a, b), [(2, 3, 4), (2, 5, 4)], 120),
    "tensordot": (lambda a, b: torch.tensordot(a, b, 2), [(3, 4, 5), (4, 5, 6)], 3 * 20 * 6),
    "addmm": (lambda a, b: torch.addmm(torch.zeros(5), a, b), [(3, 4), (4, 5)], 3 * 4 * 5),
    "baddbmm": (
        lambda a, b: torch.baddbmm(torch.zeros(1, 1, 5), a, b),
        [(2, 3, 4), (2, 4, 5)],
        2 * 3 * 4 * 5,
    ),
    "addmv": (lambda a, b: torch.addmv(torch.zeros(3), a, b), [(3, 4), (4,)], 12),
    "over time": (
        lambda a, b: torch.conv_tbc(a, b, torch.zeros(5)),
        [(7, 2, 4), (3, 4, 5)],
        5 * 2 * 4 * 3 * 5,
    ),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str) -> None:
    function, shapes, multiply_adds = PRODUCTS[name]
    tensors = [matrix(*shape) for shape in shapes]
    assert counted(function, *tensors) == (2 * multiply_adds, 4 * multiply_adds)
    for each in tensors:
        each.requires_grad_(False)
        assert counted(function, *tensors) == (2 * multiply_adds, 2 * multiply_adds)
        each.requires_grad_()
    with torch.no_grad():
        assert counted(function, *tensors) == (2 * multiply_adds, 0)


# Layers, as parts of a module that wants all gradients


class Second(nn.Module):
    """A layer behind one with a weight, so that its input needs a gradient."""

    def __init__(self, layer: nn.Module, inputs: int = 1, **options: Any) -> None:
        super().__init__()
        self.layer, self.inputs, self.options = layer, inputs, options
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, values: Tensor) -> Any:
        return self.layer(*[values * self.weight] * self.inputs, **self.options)


class Attend(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(query, key, value, **self.options)


class Recurrence(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, steps: Tensor) -> Tensor:
        return self.layer(steps)[0]  # type: ignore[no-any-return]


LSTM = 10 * 4 * 16 * (8 + 16)
ENCODER = 6 * (8 * 24 + 8 * 8 + 2 * 8 * 16) + 2 * 6 * 6 * 8
LAYERS: dict[str, tuple[nn.Module, tuple[int, ...], int]] = {
    "lstm": (Recurrence(nn.LSTM(8, 16, batch_first=True)), (4, 10, 8), 4 * LSTM),
    "gru": (Recurrence(nn.GRU(8, 16, batch_first=True)), (4, 10, 8), 3 * LSTM),
    "rnn": (Recurrence(nn.RNN(8, 16, batch_first=True)), (4, 10, 8), LSTM),
    "two layers, both ways, dropout": (
        Recurrence(nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True, dropout=0.5)),
        (4, 10, 8),
        4 * 2 * (LSTM + 10 * 4 * 16 * (32 + 16)),
    ),
    "projected": (
        Recurrence(nn.LSTM(8, 16, batch_first=True, proj_size=3)),
        (4, 10, 8),
        4 * 10 * (64 * (8 + 3) + 3 * 16),
    ),
    "attention": (Second(Attend(), 3), (1, 12, 64, 64), 2 * 12 * 64**3),
    "attention, causal, dropout": (
        Second(Attend(is_causal=True, dropout_p=0.3), 3),
        (1, 12, 64, 64),
        2 * 12 * 64**3,
    ),
    "bilinear": (Second(nn.Bilinear(5, 5, 7), 2), (3, 5), 3 * 7 * 5 * (5 + 1)),
    "encoder layer": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        (2, 6, 8),
        2 * ENCODER,
    ),
}
LSTM_INPUT_GRADIENTS = {"lstm": 64, "gru": 48, "rnn": 16, "two layers, both ways, dropout": 128}
LSTM_INPUT_GRADIENTS["projected"] = 64
HIDDEN_STATE = {"gru": 48 * 16, "rnn": 16 * 16, "projected": 64 * 3}


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, mode: bool) -> None:
    """In both modes, with dropout or not, and by a chain's real run as by the graph."""
    layer, shape, multiply_adds = LAYERS[name]
    layer, inputs = layer.train(mode), torch.zeros(shape)
    backward = 2 * multiply_adds
    if not isinstance(layer, Second):
        # The raw data needs no gradient.
        first = shape[0] * 6 * 8 * 24
        if isinstance(layer, Recurrence):
            first = 4 * 10 * 8 * LSTM_INPUT_GRADIENTS[name]
        backward -= first
    (*_, graph), (*_, chain) = networks.cuts(layer, inputs), networks.cuts([("it", layer)], inputs)
    assert graph.forward.flops == chain.forward.flops == 2 * multiply_adds
    assert graph.backward.flops == 2 * backward
    # Layers that run step by step spare the gradient of the first step's hidden state.
    spared = 2 * 4 * HIDDEN_STATE.get(name, 0)
    assert chain.backward.flops == 2 * backward - spared


def test_a_fused_encoder_layer_counts_as_much_as_its_parts() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval().requires_grad_(False)
    inputs = torch.zeros(2, 6, 8)
    assert networks.cuts(layer, inputs)[-1].forward.flops == 2 * 2 * ENCODER
    found = networks.cuts([("it", layer)], inputs)[-1]
    assert (found.forward.flops, found.backward.flops) == (2 * 2 * ENCODER, 0)


def test_quantised_layers_count_in_a_chain_and_are_named_outside_of_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It is deprecated.
        quantised = torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), {nn.Linear}
        )
    chain = list(quantised.named_children())
    assert networks.cuts(chain, torch.zeros(3, 4))[-1].forward.flops == 2 * 3 * (4 * 6 + 6 * 2)
    with pytest.raises(networks.NetworkError, match=r"layer '0' \(Linear\).*chain"):
        networks.cuts(quantised, torch.zeros(3, 4))


@pytest.mark.parametrize("as_chain", [False, True])
def test_an_operator_without_a_formula_is_named_with_its_layer(as_chain: bool) -> None:
    class Spectrum(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return torch.fft.rfft(values).abs()  # type: ignore[no-any-return]

    module = nn.Sequential(nn.Linear(4, 4), Spectrum())
    given: Any = list(module.named_children()) if as_chain else module
    with pytest.raises(networks.NetworkError, match=r"layer '1'.*aten.*fft.*FORMULAS"):
        networks.profile(given, torch.zeros(2, 4))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("mode", [True, False])
def test_dropout_costs_nothing(dropout: float, mode: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout, batch_first=True).train(mode)
    found = networks.profile(layer, torch.zeros(1, 6, 8))
    assert found.forward_flops[-1] == 2 * ENCODER
    assert found.backward_flops[-1] == 4 * ENCODER - 2 * 6 * 8 * 24
