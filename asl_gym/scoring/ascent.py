"""Maximising a concave function of one number by its tangents."""

from typing import NamedTuple

__all__ = ["Ascent"]

MARGIN = 0.02
"""Share of a bracket that a point by the slopes keeps from its ends."""

GROWTH = 4.0
"""By how much more each step goes that looks for the other end of a bracket."""

LEAST_POINT = 1e-4
"""Points below this share of the function's scale are 0."""


class Tangent(NamedTuple):
    """A line above the function: its value and slope at a point, and what it carries along."""

    point: float
    value: float
    slope: float
    carried: float


class Ascent:
    """A bracket around the maximum of a concave function on [0, top], held by two tangents.

    Until both ends are known the points move off the first guess by ever greater factors. Within
    the bracket they are, in turn, where the slope would be 0 if it were linear, and where the two
    tangents cross: the first comes close where the function is smooth, the second is exact at a
    kink.

    Args:
        guess: Where the maximum may be.
        step: The second point is 1 + step times the first, or as much smaller.
        scale: A point of the function's order.
        top: The greatest point.
        negligible: Positive slopes up to this one count as 0.

    Attributes:
        point: The point to be tried next.
        upper: A proven upper bound of the maximum.
        is_spent: Whether no number is left between the ends.
    """

    def __init__(
        self, guess: float, step: float, scale: float, top: float, negligible: float = 0.0
    ) -> None:
        self.point, self.upper = min(max(guess, 0.0), top), float("inf")
        self.is_spent = False
        self._step, self._least, self._top = step, LEAST_POINT * scale, top
        self._negligible = negligible
        # The ends of slopes > 0 and <= 0.
        self._left: Tangent | None = None
        self._right: Tangent | None = None
        # Their slopes as the next point takes them: an end that stays is trusted half as much.
        self._slopes = [0.0, 0.0]
        self._last_side, self._by_slopes = -1, True

    def tell(self, value: float, slope: float, carried: float = 0.0) -> None:
        """Takes in a tangent at the point, and moves on.

        Args:
            value: The tangent's value at the point.
            slope: Its slope.
            carried: A figure to be mixed as the tangents are, see :attr:`mixed`.
        """
        side = int(slope <= self._negligible)
        if side == 0:
            self._left = Tangent(self.point, value, slope, carried)
        else:
            # A level line at the height that a line which hardly rises reaches is above it.
            value += max(slope, 0.0) * (self._top - self.point)
            slope = min(slope, 0.0)
            self._right = Tangent(self.point, value, slope, carried)
        self._slopes[side] = slope
        if self._last_side == side:
            self._slopes[1 - side] *= 0.5
        self._last_side = side
        self._move_on(self._left, self._right)

    def _move_on(self, left: Tangent | None, right: Tangent | None) -> None:
        if left is not None and right is not None:
            crossing = _crossing(left, right)
            self.upper = min(self.upper, left.value + left.slope * (crossing - left.point))
            self.point = self._between(left.point, crossing, right.point)
            self.is_spent = not left.point < self.point < right.point
            return
        factor, self._step = 1.0 + self._step, GROWTH * self._step
        if left is not None:
            if left.point == self._top:
                self.upper, self.is_spent = left.value, True
            self.point = min(max(left.point * factor, self._least), self._top)
        if right is not None:
            if right.point == 0.0 or right.slope == 0.0:
                self.upper, self.is_spent = right.value, right.point == 0.0
            smaller = right.point / factor
            self.point = smaller if smaller >= self._least else 0.0

    def _between(self, low: float, crossing: float, high: float) -> float:
        width, (rising, falling) = high - low, self._slopes
        self._by_slopes = not self._by_slopes
        if not self._by_slopes:
            step = width * rising / (rising - falling)
            return low + min(max(step, MARGIN * width), (1.0 - MARGIN) * width)
        return crossing if low < crossing < high else low + 0.5 * width

    @property
    def mixed(self) -> float:
        """What both tangents carry, mixed so that their slopes cancel; what the only one does."""
        left, right = self._left, self._right
        if left is not None and right is not None:
            share = -right.slope / (left.slope - right.slope)
            return share * left.carried + (1.0 - share) * right.carried
        only = left or right
        if only is None:
            raise ValueError("there is nothing to mix before the first tangent is told")
        return only.carried


def _crossing(left: Tangent, right: Tangent) -> float:
    rise = right.value - left.value - right.slope * (right.point - left.point)
    return left.point + rise / (left.slope - right.slope)
