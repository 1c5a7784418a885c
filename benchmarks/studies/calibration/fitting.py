"""Fitting models to measured halves, and predicting those of a network left out.

A fit minimises the squares of predicted/measured − 1 over costs c ≥ 0 (Lawson and Hanson, *Solving
Least Squares Problems*, 1974, ch. 23), every network weighing the same however many splits it has,
since networks are what a model has to carry over to. Whole times are fitted, not the differences
between neighbouring splits: each split was a run of its own, so that differences carry the noise of
two runs on a fraction of the time, and some are negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar, nnls

from asl_gym.arrays import Array
from benchmarks.studies.calibration.models import Model
from benchmarks.studies.calibration.timings import Half

__all__ = ["CHOSEN", "Fit", "chosen", "errors_left_out", "fit", "left_out", "median_error"]

CHOSEN = "chosen without it"
"""Name of the model that the training networks alone choose."""

BALANCES = np.logspace(-2, 3, 26)
"""Balances among which the best is looked for first [FLOP/byte]."""


@dataclass(frozen=True)
class Fit:
    """A model with its costs.

    Attributes:
        model: The model.
        costs: Its costs c, shape (constants,).
        balance: Its balance [FLOP/byte]; 1 if it has none.
    """

    model: Model
    costs: Array
    balance: float = 1.0

    def seconds(self, half: Half) -> Array:
        """Predicted times [s], shape (splits,)."""
        predicted: Array = self.model.design(half, self.balance) @ self.costs
        return predicted

    @property
    def values(self) -> dict[str, tuple[float, str]]:
        """The model's constants by name: value and unit."""
        return self.model.values(self.costs, self.balance)


def fit(model: Model, halves: Sequence[Half]) -> Fit:
    """Fits a model to halves."""
    if not model.has_balance:
        return Fit(model, _costs(model, halves, 1.0)[0])

    def loss(logarithm: float) -> float:
        return _costs(model, halves, float(np.exp(logarithm)))[1]

    steps = np.log(BALANCES)
    best = int(np.argmin([loss(each) for each in steps]))
    bounds = steps[max(best - 1, 0)], steps[min(best + 1, len(steps) - 1)]
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    balance = float(np.exp(found.x))
    return Fit(model, _costs(model, halves, balance)[0], balance)


def _costs(model: Model, halves: Sequence[Half], balance: float) -> tuple[Array, float]:
    """Costs for a balance, and the root of the squares that are left."""
    rows = [model.design(half, balance) / half.seconds[:, None] for half in halves]
    weights = np.concatenate(
        [np.full(len(half.seconds), len(half.seconds) ** -0.5) for half in halves]
    )
    matrix = np.concatenate(rows) * weights[:, None]
    scale = matrix.max(axis=0)
    scale[scale == 0] = 1.0
    costs, rest = nnls(matrix / scale, weights)
    return costs / scale, float(rest)


def median_error(predicted: Array, half: Half) -> float:
    """The median of |predicted/measured − 1| over a half's splits."""
    return float(np.median(np.abs(predicted / half.seconds - 1)))


def left_out(model: Model, halves: Mapping[str, Half]) -> dict[str, Fit]:
    """The model fitted to all networks but one, by the name of that one."""
    return {
        name: fit(model, [half for other, half in halves.items() if other != name])
        for name in halves
    }


def errors_left_out(model: Model, halves: Mapping[str, Half]) -> dict[str, float]:
    """The median error of each network when it is left out."""
    fits = left_out(model, halves)
    return {name: median_error(fits[name].seconds(half), half) for name, half in halves.items()}


def chosen(models: Sequence[Model], halves: Mapping[str, Half]) -> Model:
    """The model with the least median over networks of their errors when left out.

    To judge a model on another network, choose on the others alone.
    """
    medians = [np.median(list(errors_left_out(model, halves).values())) for model in models]
    return models[int(np.argmin(medians))]
