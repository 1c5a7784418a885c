"""Colour and marker of each policy, the same in every picture.

Policies are known by their name in the results. Any other name gets, by its hash, one of the
styles that are left, so that it too looks the same wherever it is drawn. Markers, full or hollow,
tell policies apart where a picture is printed in grey.
"""

import hashlib
import re
from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

from asl_gym.picture_style import (
    BLACK,
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
)

__all__ = ["FRONTIER", "PolicyStyle", "policy_style", "policy_styles"]


class PolicyStyle(NamedTuple):
    """How a policy is drawn.

    Attributes:
        colour: Of its points and lines.
        marker: Matplotlib's name of its marker.
        full: Whether the marker is filled; hollow ones have dashed lines.
    """

    colour: str
    marker: str
    full: bool = True

    @property
    def text_colour(self) -> str:
        """The colour of its labels, darker where its own would be faint."""
        return DARK.get(self.colour, self.colour)

    @property
    def size(self) -> float:
        """A factor on the marker's size: a star of the same size looks smaller."""
        return 1.7 if self.marker == "*" else 1.0

    def line(self, markersize: float = 3.8, **more: Any) -> dict[str, Any]:
        """Keyword arguments of ``Axes.plot``.

        Args:
            markersize: Size of a common marker [points of type].
            more: Others, which go before.
        """
        return {
            "color": self.colour,
            "linestyle": "-" if self.full else (0, (4, 1.5)),
            "marker": self.marker,
            "markersize": markersize * self.size,
            "markerfacecolor": self.colour if self.full else "white",
            "markeredgecolor": self.colour,
            **more,
        }

    def points(self, markersize: float = 4.5, **more: Any) -> dict[str, Any]:
        """Keyword arguments of ``Axes.plot`` for points without a line."""
        return self.line(markersize, **{"linestyle": "none", **more})


HOLLOW = False

FRONTIER: dict[str, Any] = {"color": BLACK, "linewidth": 1.2, "label": "hindsight frontier"}
"""Keyword arguments of ``Axes.plot`` for the hindsight frontier, which is no policy."""

STYLES = {
    "open": PolicyStyle(VERMILION, "*"),
    "warm-start-open": PolicyStyle(VERMILION, "*", HOLLOW),
    "horizon-open": PolicyStyle(VERMILION, "p"),
    "filtered-open": PolicyStyle(VERMILION, "p", HOLLOW),
    "calibrated-open": PolicyStyle(VERMILION, "h"),
    "kalman-open": PolicyStyle(BLACK, "h", HOLLOW),
    # Agents
    "hybrid": PolicyStyle(GREEN, "D"),
    "shared": PolicyStyle(BLUE, "D", HOLLOW),
    "device_ppo": PolicyStyle(BLUE, "p"),
    "generalist": PolicyStyle(ORANGE, "<"),
    "ppo": PolicyStyle(PURPLE, "P"),
    "ppo_lagrangian": PolicyStyle(GREEN, "P", HOLLOW),
    "recurrent_ppo": PolicyStyle(SKY, "X"),
    "tqc": PolicyStyle(GREY, "X", HOLLOW),
    "a2c": PolicyStyle(PURPLE, "X", HOLLOW),
    "sac": PolicyStyle(BLACK, "P"),
    "td3": PolicyStyle(BLACK, "X"),
    # Schemes, and baselines
    "fixed-max": PolicyStyle(BLUE, "o"),
    "best-fixed-max": PolicyStyle(BLUE, "o", HOLLOW),
    "fixed-open": PolicyStyle(ORANGE, "s"),
    "best-fixed-open": PolicyStyle(ORANGE, "s", HOLLOW),
    "fixed-last-max": PolicyStyle(BLUE, "s", HOLLOW),
    "greedy-delay": PolicyStyle(BLACK, "^"),
    "greedy-energy": PolicyStyle(GREY, "v"),
    "random": PolicyStyle(GREY, "x"),
    "least-device-energy": PolicyStyle(GREY, "v", HOLLOW),
    "ares": PolicyStyle(SKY, "<"),
    "rate-thresholds": PolicyStyle(ORANGE, ">"),
    "mu-lin-ucb": PolicyStyle(PURPLE, "d"),
    "card-style": PolicyStyle(GREEN, "<", HOLLOW),
    "esfl-style": PolicyStyle(BLUE, ">", HOLLOW),
    "common-cut": PolicyStyle(BLACK, "d", HOLLOW),
    "static-cut-mean": PolicyStyle(PURPLE, "^", HOLLOW),
    "static-cut-sampled": PolicyStyle(SKY, "p", HOLLOW),
    "skip-or-split": PolicyStyle(GREEN, "p"),
    # On batteries
    "price_network": PolicyStyle(SKY, "D"),
    "told-the-law": PolicyStyle(BLACK, "D"),
    "harvest-drift-by-device": PolicyStyle(VERMILION, "D"),
    "harvest-drift": PolicyStyle(VERMILION, "s"),
    "harvest-deficit": PolicyStyle(ORANGE, "v"),
    "constant-price": PolicyStyle(GREEN, "^"),
    "ration": PolicyStyle(BLUE, "<"),
    "myopic": PolicyStyle(PURPLE, "o"),
    # OPEN taken apart
    "random-cut-fixed-resource": PolicyStyle(GREY, "<", HOLLOW),
    "random-cut-optimal-resource": PolicyStyle(GREY, "<"),
    "fixed-cut-fixed-resource": PolicyStyle(ORANGE, "d", HOLLOW),
    "fixed-cut-optimal-resource": PolicyStyle(ORANGE, "d"),
    "dynamic-cut-fixed-resource": PolicyStyle(SKY, "^", HOLLOW),
}

FIXED = re.compile(r"fixed-\d+-(max|open)")
ALIKE = {
    "fixed-split": "fixed-max",
    "least-delay": "greedy-delay",
    "dynamic-cut-optimal-resource": "open",
}
"""Other names of what is the same policy."""

_LEFT = tuple(
    style
    for style in (
        PolicyStyle(*parts)
        for parts in product(
            (BLUE, GREEN, PURPLE, ORANGE, SKY, GREY, BLACK), "^v<>dp", (True, HOLLOW)
        )
    )
    if style not in STYLES.values() and style[1:] not in {("^", True), ("v", True)}
)
"""Styles of other names: none has the marker of a policy of the default run."""


def policy_styles(names: Iterable[str]) -> dict[str, PolicyStyle]:
    """The styles of all policies of a picture, by name.

    Args:
        names: Their names in the results; fixed splits of one clock look alike.

    Returns:
        Each one's style, which is the same in every picture but for unknown names that share one by
        chance: there the first in the alphabet keeps it, and the others get the next that is free.
    """
    styles: dict[str, PolicyStyle] = {}
    for name in sorted(set(names)):
        order = [known] if (known := _known(name)) else _in_order(name)
        free = (style for style in order if known or style not in styles.values())
        styles[name] = next(free, order[0])
    return styles


def policy_style(name: str) -> PolicyStyle:
    """The style of one policy, see :func:`policy_styles`."""
    return policy_styles([name])[name]


def _known(name: str) -> PolicyStyle | None:
    fixed = FIXED.fullmatch(name)
    return STYLES.get(f"fixed-{fixed[1]}" if fixed else ALIKE.get(name, name))


def _in_order(name: str) -> list[PolicyStyle]:
    """Styles for an unknown name, the first choice first."""
    digest = hashlib.sha256(name.encode()).digest()
    first = int.from_bytes(digest[:8], "big") % len(_LEFT)
    return [*_LEFT[first:], *_LEFT[:first]]
