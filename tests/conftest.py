"""Settings that all tests share: property tests that draw the same examples everywhere."""

from hypothesis import settings

settings.register_profile(
    "reproducible", derandomize=True, deadline=None, database=None, max_examples=50
)
settings.load_profile("reproducible")
