"""Delay and energy of OPEN, the agents and a user's policies relative to existing schemes."""

import pandas as pd

from benchmarks.reporting.formatting import signed_percent

__all__ = ["COMPARABILITY", "PAPER", "changes"]

PAPER = {"delay_change": -0.537, "energy_change": -0.221}
"""Average change of delay and energy against existing schemes, from the abstract of Z. Li, W. Wu,
S. Wu, W. Wang, "Adaptive Split Learning over Energy-Constrained Wireless Edge Networks", 2024."""

COMPARABILITY = (
    f"The paper (arXiv 2403.05158) reports {signed_percent(PAPER['delay_change'])} delay and "
    f"{signed_percent(PAPER['energy_change'])} energy on average against existing split-learning "
    "schemes. Comparable is the kind of figure: mean round delay and mean energy of a policy that "
    "adapts, relative to schemes that do not, on the same channels. Not comparable is its size: "
    "the paper's energy model, parameters and set of schemes are not known to us, so that neither "
    "likeness nor difference says anything about its results. The schemes here are not held to "
    "the energy budget: read both changes together."
)
"""What may and may not be concluded from the paper's figures beside ours."""

SUBJECT_KINDS = ("OPEN", "agent", "user")


def changes(episodes: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """The change of mean delay and mean energy against each existing scheme.

    Args:
        episodes: The rows, those of the best fixed split included.
        summary: The ranking, which tells what each policy is.

    Returns:
        A line per policy and scheme: ``policy``, ``scheme``, their labels, ``delay_change`` and
        ``energy_change``, the means over common evaluation seeds over each other, minus 1.
    """
    subjects = summary[summary["kind"].isin(SUBJECT_KINDS)]
    schemes = summary[summary["kind"] == "scheme"]
    means = {
        column: episodes.pivot(index="evaluation_seed", columns="policy", values=column)
        for column in ("mean_delay_s", "mean_energy_j")
    }
    lines = [
        {
            "policy": policy,
            "policy_label": policy_label,
            "scheme": scheme,
            "scheme_label": scheme_label,
            "delay_change": _change(means["mean_delay_s"], policy, scheme),
            "energy_change": _change(means["mean_energy_j"], policy, scheme),
        }
        for policy, policy_label in zip(subjects["policy"], subjects["label"], strict=True)
        for scheme, scheme_label in zip(schemes["policy"], schemes["label"], strict=True)
    ]
    columns = ["policy", "policy_label", "scheme", "scheme_label", "delay_change", "energy_change"]
    return pd.DataFrame(lines, columns=columns)


def _change(means: pd.DataFrame, policy: str, scheme: str) -> float:
    common = means[[policy, scheme]].dropna().mean()
    return float(common[policy] / common[scheme] - 1)
