"""FLOPs of torch's operators in closed form: a multiply-add is 2, and products alone count.

An operator is one or more products of two operands. The backward pass computes for each operand
that needs a gradient one product as large as the forward one: with C = AB, dA = dC·Bᵀ and
dB = Aᵀ·dC (Goodfellow et al., *Deep Learning*, 2016, eq. 6.52), and the same for convolutions
(Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, where
the gradient of a convolution is the transposed one and conversely). So what a kernel computes anew
to save memory, such as the scores in fused attention, doesn't count, nor do biases, activation
functions, pooling, normalisation, dropout and the loss. A convolution's padding counts as if it
were data, as is usual.

``torch.utils.flop_counter`` of torch 2.13 counts the weight gradient of grouped convolutions
×groups, and recurrent layers, attention on a CPU, bilinear forms, products with vectors, fused
encoder layers and quantised layers as 0; hence formulas of our own.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

__all__ = ["FORMULAS", "Formula", "Product", "formula_of"]

aten = torch.ops.aten


class Product(NamedTuple):
    """A product of two operands, whose gradients cost as much each.

    Attributes:
        flops: FLOPs of the product itself.
        left: Whether the first operand needs a gradient.
        right: Whether the second one does.
    """

    flops: int
    left: bool
    right: bool

    @property
    def backward_flops(self) -> int:
        """FLOPs of the gradients."""
        return self.flops * (self.left + self.right)


Arguments = Mapping[str, Any]
Formula = Callable[[Arguments, Any], list[Product]]
"""From an operator's arguments, by their names in its schema, and its result to its products."""

FORMULAS: dict[str, Formula] = {}
"""Formulas by the operator's name, such as ``"aten::mm"``; add those of operators of your own."""


def formula_of(operator: object) -> Formula | None:
    """The formula of an operator of any overload, or ``None`` where there is none."""
    if not isinstance(operator, torch._ops.OpOverload):
        return None
    return FORMULAS.get(operator._schema.name)


def _formula(*names: str) -> Callable[[Formula], Formula]:
    def register(formula: Formula) -> Formula:
        FORMULAS.update(dict.fromkeys(names, formula))
        return formula

    return register


def _needs(*values: Any) -> bool:
    tensors = [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]
    return any(tensor.requires_grad for tensor in tensors)


def _of(left: Any, right: Any, multiply_adds: int) -> list[Product]:
    return [Product(2 * multiply_adds, _needs(left), _needs(right))]


# Products of matrices and vectors: one multiply-add per entry of the result and summed index.


def _products_of(left: str, right: str) -> Formula:
    def formula(arguments: Arguments, _: Any) -> list[Product]:
        first, second = arguments[left], arguments[right]
        columns = second.shape[-1] if second.dim() > 1 else 1
        return _of(first, second, first.numel() * columns)

    return formula


FORMULAS["aten::mm"] = FORMULAS["aten::_int_mm"] = _products_of("self", "mat2")
FORMULAS["aten::bmm"] = FORMULAS["aten::_scaled_mm"] = _products_of("self", "mat2")
FORMULAS["aten::addmm"] = FORMULAS["aten::_addmm_activation"] = _products_of("mat1", "mat2")
FORMULAS["aten::baddbmm"] = FORMULAS["aten::addbmm"] = _products_of("batch1", "batch2")
FORMULAS["aten::mv"] = _products_of("self", "vec")
FORMULAS["aten::addmv"] = _products_of("mat", "vec")
FORMULAS["aten::addr"] = lambda arguments, _: _of(
    arguments["vec1"], arguments["vec2"], arguments["vec1"].numel() * arguments["vec2"].numel()
)
FORMULAS["aten::dot"] = _products_of("self", "tensor")
FORMULAS["aten::vdot"] = _products_of("self", "other")


@_formula("aten::bilinear")
def _bilinear(arguments: Arguments, _: Any) -> list[Product]:
    return _bilinear_form(arguments["input1"], arguments["weight"], arguments["input2"])


@_formula("aten::_trilinear")
def _trilinear(arguments: Arguments, _: Any) -> list[Product]:
    """As ``bilinear`` calls it, which is all that torch uses it for."""
    return _bilinear_form(arguments["i1"], arguments["i2"], arguments["i3"])


def _bilinear_form(first: Tensor, weight: Tensor, second: Tensor) -> list[Product]:
    """t[b,o,j] = Σ_i x₁[b,i] W[o,i,j], then y[b,o] = Σ_j t[b,o,j] x₂[b,j]."""
    outputs, first_size, second_size = weight.shape
    rows = first.numel() // first_size
    return [
        *_of(first, weight, rows * outputs * first_size * second_size),
        *_of([first, weight], second, rows * outputs * second_size),
    ]


# Convolutions: each weight meets each position of the result, or of the input if transposed.


@_formula("aten::convolution", "aten::_convolution", "aten::convolution_overrideable")
def _convolution(arguments: Arguments, result: Any) -> list[Product]:
    inputs, weight = arguments["input"], arguments["weight"]
    # A weight is (out, in / groups, …), a transposed one (in, out / groups, …).
    met = inputs if arguments["transposed"] else result
    return _of(inputs, weight, met.numel() * math.prod(weight.shape[1:]))


@_formula("aten::conv_tbc")
def _convolution_over_time(arguments: Arguments, result: Any) -> list[Product]:
    weight = arguments["weight"]
    return _of(arguments["self"], weight, result.numel() * weight.shape[0] * weight.shape[1])


# Attention (Vaswani et al., 2017): scores QKᵀ, then their weights times V, all in spite of a mask.


@_formula(
    "aten::scaled_dot_product_attention",
    "aten::_scaled_dot_product_attention_math",
    "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_flash_attention_for_cpu",
    "aten::_scaled_dot_product_efficient_attention",
    "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_fused_attention_overrideable",
)
def _attention(arguments: Arguments, _: Any) -> list[Product]:
    query, key, value = arguments["query"], arguments["key"], arguments["value"]
    scores = query.numel() // query.shape[-1] * key.shape[-2]
    return [
        *_of(query, key, scores * query.shape[-1]),
        *_of([query, key, arguments.get("attn_mask")], value, scores * value.shape[-1]),
    ]


def _self_attention(inputs: Tensor, weights: list[Tensor]) -> list[Product]:
    """Projections to Q, K and V, attention of each sample's tokens, projection of the result."""
    samples, tokens, width = inputs.shape
    qkv, projection = weights
    products = _of(inputs, qkv, inputs.numel() * qkv.shape[0])
    scored = 2 * samples * tokens * tokens * width
    return [
        *products,
        *_of([inputs, qkv], [inputs, qkv], scored),
        *_of([inputs, qkv], projection, inputs.numel() * projection.shape[0]),
    ]


@_formula("aten::_native_multi_head_attention")
def _fused_attention(arguments: Arguments, _: Any) -> list[Product]:
    return _self_attention(arguments["query"], [arguments["qkv_weight"], arguments["proj_weight"]])


@_formula("aten::_transformer_encoder_layer_fwd")
def _fused_encoder_layer(arguments: Arguments, _: Any) -> list[Product]:
    inputs, first = arguments["src"], arguments["ffn_weight_1"]
    attention = [arguments["qkv_weight"], arguments["proj_weight"]]
    hidden = inputs.numel() * first.shape[0]
    return [
        *_self_attention(inputs, attention),
        *_of([inputs, attention], first, hidden),
        *_of([inputs, attention, first], arguments["ffn_weight_2"], hidden),
    ]


# Recurrent layers: at each step the gates' weights meet the input and the hidden state.


def _recurrent_layer(rows: int, inputs: Any, state: Any, weights: list[Tensor]) -> list[Product]:
    """Products of one layer and direction: input, hidden and, for an LSTM's, projected state."""
    into, hidden, *others = weights
    products = [
        *_of(inputs, into, rows * into.numel()),
        *_of([inputs, state, weights], hidden, rows * hidden.numel()),
    ]
    for projection in (each for each in others if each.dim() == 2):
        products += _of([inputs, state, weights], projection, rows * projection.numel())
    return products


@_formula("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu")
def _recurrent(arguments: Arguments, _: Any) -> list[Product]:
    packed = "batch_sizes" in arguments
    inputs = arguments["data" if packed else "input"]
    rows, state = inputs.numel() // inputs.shape[-1], arguments["hx"]
    weights = list(arguments["params"])
    directions = 2 if arguments["bidirectional"] else 1
    runs = directions * arguments["num_layers"]
    each = len(weights) // runs
    products: list[Product] = []
    before: Any = inputs
    for layer in range(0, runs, directions):
        of_layer = weights[layer * each : (layer + directions) * each]
        for start in range(0, len(of_layer), each):
            products += _recurrent_layer(rows, before, state, of_layer[start : start + each])
        before = [before, of_layer]
    return products


@_formula("aten::mkldnn_rnn_layer")
def _recurrent_on_cpu(arguments: Arguments, _: Any) -> list[Product]:
    inputs = arguments["input"]
    rows, state = inputs.numel() // inputs.shape[-1], [arguments["hx_"], arguments["cx_"]]
    return _recurrent_layer(rows, inputs, state, [arguments["weight0"], arguments["weight1"]])


# Quantised layers hold their weights packed; they have no gradients.


@_formula("quantized::linear_dynamic", "quantized::linear_relu_dynamic")
def _quantised_linear(arguments: Arguments, result: Any) -> list[Product]:
    inputs = arguments["X"]
    return [Product(2 * result.numel() * inputs.shape[-1], False, False)]
