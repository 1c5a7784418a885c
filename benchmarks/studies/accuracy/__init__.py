"""The study of what networks learn per second and per joule: ``python -m benchmarks accuracy``."""
