"""How finely the causal bound is computed by default.

With these, the mark that is told the law has a gap of 0.67% on six seeds of the default scenario,
by ``python -m benchmarks causal --policy told-the-law --seeds 6``; what another choice makes of it
is told beside each, by the same command with the option of that name. Whatever the choice, the
bound is one.
"""

__all__ = ["CHARGES", "DRAWS", "LEVELS", "SAMPLES"]

LEVELS = 2**15
"""Levels of the bound's batteries: half as many 0.72%, twice as many 0.64%."""

DRAWS = 128
"""Draws of what may follow on a round: 32 of them 0.75%, 512 of them 0.68%."""

SAMPLES = 128
"""Rates and clocks that the penalty's programme draws in each level of shadowing: 32 of them
0.74%."""

CHARGES = 512
"""Steps between charges of the penalty's programme, and of the penalty: 256 of them 0.68%."""
