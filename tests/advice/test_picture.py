"""The picture of an answer: every cut by name, in the style of all pictures, at both widths."""

import matplotlib as mpl
import pytest

from asl_gym.advice import Advice, advise
from asl_gym.picture_style import PARTS, WIDTHS, Width
from asl_gym.validation.checks import FieldError


@pytest.fixture(scope="module")
def advice() -> Advice:
    return advise("deep_lenet", devices="phone", server="gpu-server", link="40mbit")


@pytest.mark.parametrize("width", WIDTHS)
def test_cuts_are_named_and_parts_have_the_colours_of_a_round(advice: Advice, width: Width) -> None:
    with mpl.rc_context({"font.size": 20, "font.family": "serif"}):
        figure = advice.draw("phone", width)
    assert figure.get_size_inches()[0] == WIDTHS[width]
    above, below = figure.axes
    names = [label.get_text() for label in above.get_xticklabels()]
    assert names[1:] == list(advice.answers["phone"].costs.names[1:])
    assert above.yaxis.label.get_fontname() == "DejaVu Sans"
    told = above.get_legend_handles_labels()[1]
    assert [each for each in told if each in PARTS] == list(PARTS)
    colours = [mpl.colors.to_hex(bars[0].get_facecolor()).upper() for bars in above.containers]
    assert colours == [colour.upper() for colour in PARTS.values()]
    assert below.get_xscale() == "log"


def test_other_widths_and_kinds_are_refused(advice: Advice) -> None:
    with pytest.raises(FieldError, match="width = 'wide'"):
        advice.draw("phone", "wide")  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="kind = 'laptop'"):
        advice.draw("laptop")
