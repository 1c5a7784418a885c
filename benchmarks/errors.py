"""The error that a benchmark ends with when its input is at fault."""

__all__ = ["BenchmarkError"]


class BenchmarkError(ValueError):
    """An option, a policy or a results folder is not what it has to be; the message says how."""
