"""Decisions, costs and scores are those that the repository keeps, see :mod:`tests.yardstick`."""

import numpy as np

from tests.yardstick import KEPT, TOLERANCE, differences, kept


def test_decisions_costs_and_scores_are_unchanged() -> None:
    with np.load(KEPT) as archive:
        assert not list(differences(dict(archive), kept(), TOLERANCE))


def test_differences_are_found() -> None:
    old = {"split": np.array([1, 2], np.uint8), "delay": np.array([1.0, np.nan])}
    assert not list(differences(old, old))
    other = {"split": np.array([1, 3], np.uint8), "delay": np.array([1.0 + 1e-8, np.nan])}
    assert len(list(differences(old, other, TOLERANCE))) == 2
    near = {**old, "delay": np.array([1.0 + 1e-15, np.nan])}
    assert not list(differences(old, near, TOLERANCE))
    assert len(list(differences(old, near))) == 1
    assert len(list(differences(old, {"split": old["split"]}))) == 1
