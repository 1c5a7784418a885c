"""What tests of trainings share."""

from collections.abc import Iterator

import pytest

import agents.learning_curve
from agents.learning_curve import VALIDATION_SEEDS


@pytest.fixture(scope="module")
def one_validation_seed() -> Iterator[None]:
    """Validates trainings on a single seed, which is fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agents.learning_curve, "VALIDATION_SEEDS", VALIDATION_SEEDS[:1])
        yield
