"""Seeds of traces that are set apart, known without loading what trains."""

__all__ = ["VALIDATION_SEEDS"]

VALIDATION_SEEDS = range(100_000, 100_005)
"""Seeds of validation episodes; the benchmark's evaluation seeds start at 0."""
