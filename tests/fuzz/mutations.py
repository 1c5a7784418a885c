"""What is done to valid inputs: nasty values in their leaves, and damage to their bytes."""

import copy
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["Mutator"]


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 17, 2.5, -0.0, 0.5, 1e-9, 1e-320, 5e-324, 1e-30, 1e30),
    *(1e51, 1e150, 1e300, 1.7e308, -1.7e308, float("nan"), float("inf"), -float("inf")),
    *(10**7 + 1, 10**9, 2**63, -(2**63), 10**20, 10**308, 10**400, -(10**400)),
    *("", "x", "1e9", "block", "per_device", "\0", "\ud800", "é網" * 50, "NaN", "../run.json"),
    *([], {}, [[]], [1], [1, 2], [None], ["a"], {"a": 1}, [1e9] * 10, _nested(40), _nested(200)),
)
"""Sizes between a hundred and a million are left out: what they take is honest work."""

ARGUMENTS: tuple[Any, ...] = (
    *JSON_VALUES,
    *(np.float32("nan"), np.float64(1e300), np.longdouble("1e4000"), np.int64(-1), np.uint8(3)),
    *(np.array(1.0), np.array([1.0, 2.0]), np.array([]), np.array(["a"]), np.datetime64("NaT")),
    *(np.ma.masked, np.bool_(True), Decimal("NaN"), Decimal(1), Fraction(10**400), Fraction(1, 3)),
    *(1j, b"x", bytearray(b"x"), object(), int, {1: 2}, {1.0}, frozenset(), range(3), ...),
    *(slice(3), 10**5_000, iter([1]), lambda: 1, ValueError("x")),
)

TEXTS = (
    *("NaN", "1e999", "9" * 5_000, "-", "", ",", "\n", '"', "{", "[" * 2_000, "\x00", "\r", "nan"),
    *("-1", "1e400", "inf", "0x1", "１", "1_000", "999999999999", "2021.02.31_10.00.00", "\ufeff"),
)

ENCODINGS = ("utf-16", "utf-32", "utf-8-sig", "utf-16-le", "latin-1", "cp037")


class Mutator:
    """Mutates valid inputs with one random generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def pick(self, options: Any) -> Any:
        """One of several; a list or dictionary as a copy, which later mutations may change."""
        picked = options[int(self.rng.integers(len(options)))]
        return copy.deepcopy(picked) if isinstance(picked, list | dict) else picked

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def value(self, old: Any, palette: tuple[Any, ...] = JSON_VALUES) -> Any:
        """Another value: of the palette, or the old number times a power of ten."""
        if isinstance(old, int) and not isinstance(old, bool) and self.chance(0.3):
            return int(old) + int(self.rng.integers(-2, 3))
        if isinstance(old, float) and self.chance(0.6):
            most = self.pick((3, 3, 30))
            return old * 10.0 ** float(self.rng.uniform(-most, most))
        return self.pick(palette)

    def tree(self, data: Any, palette: tuple[Any, ...] = JSON_VALUES) -> Any:
        """Changes one to three places of nested dictionaries and lists."""
        data = copy.deepcopy(data)
        for _ in range(self.pick((1, 1, 1, 2, 3))):
            self._change(data, palette)
        return data if self.chance(0.99) else self.pick(palette)

    def _change(self, data: Any, palette: tuple[Any, ...]) -> None:
        holder, key = data, None
        while isinstance(holder, dict | list) and holder:
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            key = self.pick(keys)
            inner = holder[key]
            # Now and then a whole branch rather than a leaf.
            if not isinstance(inner, dict | list) or not inner or self.chance(0.15):
                break
            holder = inner
        if key is None or not isinstance(holder, dict | list):
            return
        what = self.rng.random()
        if what < 0.1:
            del holder[key]
        elif what < 0.2:
            self._add(holder, key, palette)
        else:
            holder[key] = self.value(holder[key], palette)

    def _add(self, holder: Any, key: Any, palette: tuple[Any, ...]) -> None:
        if isinstance(holder, dict):
            holder[self.pick(("schema", "colour", "", key))] = self.pick(palette)
        else:
            holder.insert(key, self.pick(palette))

    def json_bytes(self, data: Any) -> bytes:
        """The bytes of a file of mutated data, some of them damaged as bytes too."""
        damaged = self.chance(0.3)
        tree = data if damaged and self.chance(0.5) else self.tree(data)
        # Numbers of thousands of digits, which Python does not write.
        text = json.dumps(tree, indent=self.pick((None, 1)), ensure_ascii=self.chance(0.5))
        content = text.encode("utf-8", "surrogatepass")
        return self.damaged(content) if damaged else content

    def damaged(self, content: bytes) -> bytes:
        """Cut, flipped, repeated, put into another encoding, or with text put in."""
        for _ in range(self.pick((1, 1, 2, 3))):
            content = self._damage(content)
        return content

    def _damage(self, content: bytes) -> bytes:
        place, text = int(self.rng.integers(len(content) + 1)), str(self.pick(TEXTS)).encode()
        end = min(len(content), place + int(self.rng.integers(1, 40)))
        match int(self.rng.integers(8)):
            case 0:
                return content[:place]
            case 1:
                return content[:place] + content[end:]
            case 2:
                return content[:place] + bytes(self.rng.bytes(end - place)) + content[end:]
            case 3:
                lines = content.split(b"\n")
                lines.insert(self.pick(range(len(lines))), self.pick(lines))
                return b"\n".join(lines)
            case 4:
                return content.decode("utf-8", "replace").encode(
                    str(self.pick(ENCODINGS)), "replace"
                )
            case 5:
                return content[:place] + text + content[end:]
            case 6:
                return content[:place] + content[place:end] * 3 + content[end:]
            case _:
                cells = content.split(b",")
                cells[self.pick(range(len(cells)))] = text
                return b",".join(cells)
