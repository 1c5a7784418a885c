"""The error that a training ends with when what it is given or finds is at fault."""

__all__ = ["RunError"]


class RunError(ValueError):
    """A run's folder, or a file in it, is not what it has to be; the message says what to do."""
