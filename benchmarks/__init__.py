"""Benchmarks: all policies on common traces, tables and plots; ``python -m benchmarks``."""
