"""Thousands of broken and absurd inputs: each is refused by a documented error or plays soundly.

Run by hand: ``python -m tests.fuzz --seed 0 --count 10000``.
"""
