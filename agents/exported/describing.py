"""What a file of an agent says of itself, beside its network."""

import json
from typing import Any, Literal, NamedTuple, get_args

from asl_gym.validation.checks import FieldError, one_of

__all__ = ["KEY", "AgentFile", "Kind", "described", "read_description"]

Kind = Literal["indices", "remembering", "positions", "proposals", "devices", "options", "prices"]
"""What the network gives: split (and frequency) indices from a flat observation; the same with a
state that it hands on; positions in the view ``box``; logits that are priced; what features of
devices decide, split indices, or prices where it has no number of split points; split indices from
features of each device's options; or prices of a joule on intervals of batteries."""

KEY = "asl-gym"
"""Where the description is in the file's metadata."""


class AgentFile(NamedTuple):
    """What is to be known of a network to play it.

    Attributes:
        kind: What it gives.
        env_id: What it was trained on.
        sizes: The agent's own figures, such as ``num_candidates``, and how many there are of what
            the network was made for.
    """

    kind: Kind
    env_id: str
    sizes: dict[str, Any]


def described(agent: AgentFile) -> str:
    """The description as the file holds it."""
    return json.dumps(agent._asdict(), sort_keys=True)


def read_description(text: str | None, path: str) -> AgentFile:
    """The description that a file holds.

    Raises:
        FieldError: (a ValueError) If it holds none, or another.
    """
    try:
        data = json.loads(text or "")
        found = AgentFile(**data)
    except (TypeError, ValueError) as error:
        allowed = "an ONNX file that python -m agents export wrote"
        raise FieldError("agent", path, allowed) from error
    one_of(f"kind of {path}", found.kind, get_args(Kind))
    return found
