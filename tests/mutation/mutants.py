"""Mutants: a file with one token changed, made by cosmic-ray's operators and two more."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast, is_number
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Number
from parso.tree import Leaf, search_ancestor

__all__ = ["ROOT", "Mutant", "mutants_of"]

ROOT = Path(__file__).parents[2]

OPERATORS = (
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_Lt_GtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
)
"""Those of cosmic-ray; :class:`Greater` and :class:`Swapped` are added."""


class Greater(Operator):  # type: ignore[misc]
    """Adds 1 to a number."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if is_number(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return Number(repr(eval(node.value) + 1), node.start_pos, prefix=node.prefix)

    @classmethod
    def examples(cls) -> Any:
        return ()


class Swapped(Operator):  # type: ignore[misc]
    """Puts a word in another's place: the least for the greatest, all for any, less for more."""

    PAIRS = (("min", "max"), ("minimum", "maximum"), ("argmin", "argmax"), ("all", "any"),
             ("+=", "-="), ("*=", "/="))  # fmt: skip
    OTHER: ClassVar = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if isinstance(node, Leaf) and node.value in self.OTHER:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = self.OTHER[node.value]
        return node

    @classmethod
    def examples(cls) -> Any:
        return ()


class Mutant(NamedTuple):
    """A file with one fault.

    Attributes:
        file: Path from the repository's root.
        name: The file's stem, the function and the line with old and new, by which it is known.
        source: The whole mutated file.
    """

    file: str
    name: str
    source: str


def mutants_of(file: str) -> Iterator[Mutant]:
    """All mutants of a file, in the order of the operators."""
    code = (ROOT / file).read_text(encoding="utf-8")
    operators = [get_operator(f"core/{name}")() for name in OPERATORS]
    again: Counter[str] = Counter()
    for operator in (*operators, Greater(), Swapped()):
        number = itertools.count()
        for node in ast_nodes(get_ast(code)):
            for _ in operator.mutation_positions(node):
                occurrence = next(number)
                if search_ancestor(node, "fstring") is None:
                    source = mutate_code(code, operator, occurrence)
                    name = _name(file, node, code, source)
                    again[name] += 1
                    # Lines of a function may be alike.
                    unique = name if again[name] == 1 else f"{name} ({again[name]})"
                    yield Mutant(file, unique, source)


def _name(file: str, node: Any, code: str, mutated: str) -> str:
    """Such as ``branch.explore: if least {== → !=} 0:``."""
    function = search_ancestor(node, "funcdef", "classdef")
    where = Path(file).stem + (f".{function.name.value}" if function else "")
    pairs = zip(code.splitlines(), mutated.splitlines(), strict=True)
    old, new = next((a.split(), b.split()) for a, b in pairs if a != b)
    same = _alike(old, new)
    tail = _alike(old[same:][::-1], new[same:][::-1])
    change = " ".join(old[same : len(old) - tail]), " ".join(new[same : len(new) - tail])
    words = [*old[:same], "{" + " → ".join(change) + "}", *old[len(old) - tail :]]
    return f"{where}: {' '.join(words)}"


def _alike(some: list[str], others: list[str]) -> int:
    """How many words two lists have in common at their start."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))
    return len(list(pairs))
