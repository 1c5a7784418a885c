"""The study's results: errors of each network left out, constants fitted to all, and its tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from asl_gym.arrays import Array
from benchmarks.reporting.formatting import percent
from benchmarks.studies.calibration.fitting import (
    CHOSEN,
    Fit,
    chosen,
    fit,
    left_out,
    median_error,
)
from benchmarks.studies.calibration.models import MODELS
from benchmarks.studies.calibration.operators import Operators
from benchmarks.studies.calibration.splits import TimedNetwork
from benchmarks.studies.calibration.timings import Half, sent

__all__ = ["MEDIAN", "Side", "choices_table", "errors_table", "mapping_line", "models_table"]

MEDIAN = "Median network"
LEAST_BLOCK = 0.005
"""Blocks of so small a part of the largest one's FLOPs have no product: the data's authors count
what activations and pooling do as well."""


@dataclass(frozen=True)
class Side:
    """What the models make of one side's times.

    Attributes:
        name: The side's name.
        halves: Its measured halves, by network.
    """

    name: str
    halves: Mapping[str, Half]

    @cached_property
    def fits(self) -> dict[str, dict[str, Fit]]:
        """Every model fitted without each network, by model and that network."""
        return {model.name: left_out(model, self.halves) for model in MODELS}

    @cached_property
    def choices(self) -> dict[str, str]:
        """The model chosen for each network from the other networks alone."""
        return {name: chosen(MODELS, self._without(name)).name for name in self.halves}

    def _without(self, name: str) -> dict[str, Half]:
        return {other: half for other, half in self.halves.items() if other != name}

    @cached_property
    def predicted(self) -> dict[str, dict[str, Array]]:
        """Times [s] of each network left out, by model and network."""
        found = {
            model: {name: fits[name].seconds(half) for name, half in self.halves.items()}
            for model, fits in self.fits.items()
        }
        found[CHOSEN] = {name: found[choice][name] for name, choice in self.choices.items()}
        return found

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Median errors of each network left out, and their median: a line for each model."""
        lines = {
            model: {name: median_error(times[name], half) for name, half in self.halves.items()}
            for model, times in self.predicted.items()
        }
        table = pd.DataFrame.from_dict(lines, orient="index")
        return table.assign(**{MEDIAN: table.median(axis=1)})

    @cached_property
    def constants(self) -> pd.DataFrame:
        """Every model's constants fitted to all networks, one a line.

        Beside them the lowest and the highest of the fits with one network left out.
        """
        lines = []
        for model in MODELS:
            others = [each.values for each in self.fits[model.name].values()]
            for name, (value, unit) in fit(model, list(self.halves.values())).values.items():
                found = [values[name][0] for values in others]
                line = {"model": model.name, "constant": name, "unit": unit, "value": value}
                lines.append(line | {"lowest": min(found), "highest": max(found)})
        return pd.DataFrame(lines)

    def every_split(self, splits: Mapping[str, Array]) -> pd.DataFrame:
        """Measured and predicted times of every split, one a line."""
        parts = []
        for name, half in self.halves.items():
            times = {model: of_model[name] for model, of_model in self.predicted.items()}
            part = {"network": name, "split": splits[name], "measured_s": half.seconds, **times}
            parts.append(pd.DataFrame(part))
        return pd.concat(parts, ignore_index=True)


def errors_table(side: Side) -> pd.DataFrame:
    """Median errors [%] of one side, for people."""
    shown = side.errors.map(percent)
    shown.insert(0, "Model", shown.index)
    return shown


def choices_table(side: Side) -> pd.DataFrame:
    """Which model the other networks choose for each."""
    return pd.DataFrame({"Network": side.choices.keys(), "Model": side.choices.values()})


def models_table(side: Side) -> pd.DataFrame:
    """Constants of the models fitted to all networks, for people."""
    table = side.constants
    formulas = {model.name: model.formula for model in MODELS}
    shown = {
        "Model": table["model"],
        "Formula": table["model"].map(formulas),
        "Constant": table["constant"],
        "Unit": table["unit"],
        "Value": table["value"].map(_three_digits),
        "With one network left out": table["lowest"].map(_three_digits)
        + "–"
        + table["highest"].map(_three_digits),
    }
    repeated = table["model"].duplicated()
    lines = pd.DataFrame(shown)
    lines.loc[repeated, ["Model", "Formula"]] = ""
    return lines


def _three_digits(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.3g}"


def mapping_line(
    network: TimedNetwork, operators: Operators, rows: pd.DataFrame, stated: Array
) -> dict[str, str]:
    """How well blocks and transfers agree with the modules and the splits' places: a line.

    Args:
        network: The network.
        operators: Its operators.
        rows: Its timings.
        stated: FLOPs of its blocks as the data state them, shape (blocks,).
    """
    ends = [operators.cut_after(end).forward.flops for end in network.block_ends]
    counted = np.diff(ends, prepend=0)
    large = stated > LEAST_BLOCK * stated.max()
    rates = sent(network, operators, rows) / 1e6
    return {
        "Network": network.name,
        "Blocks": str(len(stated)),
        "Splits": str(len(rates)),
        "Stated FLOPs over counted": _range(stated[large] / counted[large], "{:.3f}"),
        "Sent [MB/s]": _range(rates, "{:.0f}"),
    }


def _range(values: Array, form: str) -> str:
    return f"{form.format(values.min())}–{form.format(values.max())}"
