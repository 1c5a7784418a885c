"""Views of the observation: one vector, or one row a device."""

from typing import Literal

from asl_gym.envs.codec import Codec, ObservationCodec
from asl_gym.envs.observations import DevicesCodec
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation import one_of

__all__ = ["OBSERVATION_VIEWS", "ObservationViewName", "observation_codec"]

ObservationViewName = Literal["flat", "devices"]

OBSERVATION_VIEWS: dict[str, type[Codec]] = {"flat": ObservationCodec, "devices": DevicesCodec}
"""The views by the name that ``observation=`` takes."""


def observation_codec(name: str, scenario: Scenario) -> Codec:
    """Builds the codec of the view of that name.

    Raises:
        FieldError: If there is none.
    """
    return OBSERVATION_VIEWS[one_of("observation", name, tuple(OBSERVATION_VIEWS))](scenario)
