"""A hybrid of learning and optimisation in the manner of LyDROO.

A network proposes candidate splits, the solver's upper layer prices each of them exactly.
"""
