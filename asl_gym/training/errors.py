"""The error that training ends with when something goes wrong on the way."""

__all__ = ["TrainingError"]


class TrainingError(ValueError):
    """A round cannot be trained, or a training cannot go on; the message says where and why."""
