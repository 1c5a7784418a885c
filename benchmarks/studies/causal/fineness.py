"""How finely the causal bound is computed by default.

What another choice makes of the gap of the mark that is told the law is told in points of percent,
over the six seeds of ``python -m benchmarks causal --policy told-the-law --seeds 6``, with the
option of the same name beside it.
"""

__all__ = ["CHARGES", "DRAWS", "LEVELS", "SAMPLES"]

LEVELS = 2**15
"""Levels of the bound's batteries."""

DRAWS = 128
"""Draws of what may follow on a round."""

SAMPLES = 128
"""Rates and clocks that the penalty's programme draws in each level of shadowing."""

CHARGES = 512
"""Steps between charges of the penalty's programme, and of the penalty."""
