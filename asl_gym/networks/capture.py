"""From a module to the graph of its operators, by ``torch.export``.

The graph holds the module's own parameters and buffers. Operators that change a tensor in place are
replaced by those that return the result wherever nothing else looks at that tensor's memory, so
that the graph can be cut before them.
"""

import contextlib
import io
import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from asl_gym.networks.counting import NetworkError, tensors_in
from asl_gym.networks.untouched import untouched
from asl_gym.validation.checks import FieldError

__all__ = ["Capture", "capture", "fresh", "inputs_tuple", "own_name"]

HELD = "held"

WAY_OUT = (
    "; cut it by hand into a chain of (name, module) pairs, each called with what the one before "
    "returns, and hand that in instead of the module"
)
LOUD_LOGGERS = (
    "torch._export",
    "torch._subclasses.fake_tensor",
    "torch.export",
    "torch.fx.experimental.symbolic_shapes",
)


class _Holder(nn.Module):
    """Holds a module, whose children may have names that a graph has for its own parts: meta."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        setattr(self, HELD, module)
        self.training = module.training

    def forward(self, *arguments: Any) -> Any:
        return getattr(self, HELD)(*arguments)


def own_name(name: str) -> str:
    """The name in the module of what a graph names; empty for the module itself."""
    return "" if name == HELD else name.removeprefix(f"{HELD}.")


class Capture(NamedTuple):
    """A module's graph.

    Attributes:
        module: The module.
        graph: Its operators; inputs and outputs are flat.
        inputs: The inputs it was captured with, flat.
        in_spec: How the inputs are nested.
        out_spec: How the outputs are nested.
    """

    module: nn.Module
    graph: fx.GraphModule
    inputs: tuple[Any, ...]
    in_spec: Any
    out_spec: Any


def inputs_tuple(inputs: Any) -> tuple[Any, ...]:
    """The arguments that ``inputs`` stand for: a tuple as it is, anything else as the one argument.

    Raises:
        FieldError: If there is no tensor in them, or the first one has no samples.
    """
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    tensors = tensors_in(arguments)
    if not tensors:
        raise FieldError("inputs", inputs, "a tensor, or a tuple of the module's arguments")
    shape = tuple(tensors[0].shape)
    if not shape or shape[0] == 0:
        raise FieldError("inputs.shape", shape, "(batch, ...) with at least one sample")
    return arguments


def capture(module: nn.Module, inputs: Any) -> Capture:
    """Captures a module's graph for inputs of these shapes, in the mode that the module is in.

    Args:
        module: The module; it is left as it was.
        inputs: A tensor, or a tuple of the module's arguments, which may nest tensors.

    Raises:
        NetworkError: (a ValueError) If ``torch.export`` can't take it, naming layer and operation,
            or it has a backward pass of its own, which a graph doesn't keep.
    """
    _refuse_hooks(module)
    with untouched(module), _quiet():
        arguments = fresh(inputs_tuple(inputs))
        try:
            held = _Holder(module)
            exported = torch.export.export(held, fresh(arguments), strict=False)
            own = _own_backward(module, arguments)
        except Exception as error:
            raise NetworkError(_why(module, error) + WAY_OUT) from error
    if own:
        raise NetworkError(
            f"{own} has a backward pass of its own, which a graph of operators doesn't "
            "keep" + WAY_OUT
        )
    graph = exported.module(check_guards=False)
    flat, in_spec = pytree.tree_flatten((arguments, {}))
    names = [node for node in graph.graph.nodes if node.op == "placeholder"]
    if len(names) != len(flat):
        raise FieldError("inputs", f"{len(flat)} values", f"{len(names)} values")
    return Capture(module, graph, tuple(flat), in_spec, exported.call_spec.out_spec)


def fresh(values: Any) -> Any:
    """Copies of nested values whose tensors have no gradients; layers may work in place on them."""
    return pytree.tree_map_only(Tensor, lambda each: each.detach().clone(), values)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps torch.export's logs and prints to itself: what went wrong is told in the error."""
    loggers = [logging.getLogger(name) for name in LOUD_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def layer_of(module: nn.Module, failed: BaseException) -> str:
    """The innermost layer of a module that was running when an error was raised, by its path."""
    paths = {id(each): path for path, each in module.named_modules()}
    found = ""
    for frame, _ in traceback.walk_tb(failed.__traceback__):
        path = paths.get(id(frame.f_locals.get("self")), "")
        found = path or found
    return f"layer {found!r}" if found else f"module {type(module).__name__}"


def _operation(module: nn.Module, failed: BaseException) -> str:
    """The line of a module's code at which an error was raised."""
    own = {sys.modules[type(each).__module__].__dict__.get("__file__") for each in module.modules()}
    lines = [each for each in traceback.extract_tb(failed.__traceback__) if each.filename in own]
    last = next((each for each in reversed(lines) if each.name != "_call_impl"), None)
    return f" at {last.line!r}" if last and last.line else ""


def _packed_layer(module: nn.Module) -> str | None:
    """The first layer that holds what torch.export has no place for, such as packed weights."""
    for path, each in module.named_modules():
        packed = getattr(each, "_packed_params", None)
        values = [packed, getattr(packed, "_packed_params", None), *vars(each).values()]
        if any(isinstance(value, torch.ScriptObject) for value in values):
            return f"layer {path!r} ({type(each).__name__})"
    return None


def _why(module: nn.Module, error: Exception) -> str:
    where = _packed_layer(module) or layer_of(module, error)
    reason = str(error).strip().partition("\n")[0]
    return f"{where}: torch.export cannot take it{_operation(module, error)} ({reason})"


def _refuse_hooks(module: nn.Module) -> None:
    for path, each in module.named_modules():
        if each._backward_hooks or each._backward_pre_hooks:
            raise NetworkError(
                f"layer {path!r} has a backward hook, which a graph of operators doesn't keep; "
                "remove it, or" + WAY_OUT[1:]
            )


def _own_backward(module: nn.Module, arguments: tuple[Any, ...]) -> str | None:
    """Runs the module without data; the first autograd function of its own, with its layer."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    found: list[str] = []
    paths = {id(each): path for path, each in module.named_modules()}

    def look(each: nn.Module, _: Any, outputs: Any) -> None:
        own = [] if found else own_functions(tensors_in(outputs))
        found.extend(f"layer {paths[id(each)]!r}: {name}" for name in own[:1])

    fake = FakeTensorMode(allow_non_fake_inputs=True)

    def of(value: Any) -> Any:
        return fake.from_tensor(value) if isinstance(value, Tensor) else value

    state: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    state |= dict(module.named_buffers(remove_duplicate=False))
    handles = [each.register_forward_hook(look) for each in module.modules()]
    try:
        with fake:
            torch.func.functional_call(
                module,
                {name: of(value) for name, value in state.items()},
                pytree.tree_map(of, arguments),
            )
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def own_functions(outputs: list[Tensor]) -> list[str]:
    """Names of the autograd functions written in Python that outputs come from."""
    return [
        type(each).__name__.removesuffix("Backward")
        for each in gradient_functions(outputs)
        if isinstance(each, torch.autograd.function.BackwardCFunction)
        and not type(each).__name__.startswith("CheckpointFunction")
    ]


def gradient_functions(outputs: list[Tensor]) -> set[Any]:
    """All that autograd would run from these outputs back."""
    waiting = [each.grad_fn for each in outputs if each.grad_fn is not None]
    found: set[Any] = set()
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.add(function)
            waiting += [each for each, _ in function.next_functions if each is not None]
    return found
