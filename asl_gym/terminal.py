"""Words for terminals of any kind: where output is not UTF-8, plain characters stand in."""

import codecs
import sys
import unicodedata
from typing import TextIO

__all__ = ["PLAIN", "speak_plainly_where_needed"]

PLAIN = {
    "−": "-",
    "–": "-",
    "…": "...",
    "·": "|",
    "†": "+",
    "×": "x",
    "÷": "/",
    "λ": "lambda",
    "κ": "kappa",
    "ρ": "rho",
    "Σ": "sum ",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "σ": "sigma",
    "Δ": "delta",
}
"""What stands for the project's own characters; of others it is what is left without accents."""

ERRORS = "asl_gym_plain"


def speak_plainly_where_needed() -> None:
    """Makes standard output and error replace what their encoding lacks, rather than fail."""
    codecs.register_error(ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        _set_up(stream)


def _set_up(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and stream.errors == "strict":
        reconfigure(errors=ERRORS)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_plain_character, lacking)), error.end


def _plain_character(character: str) -> str:
    if character in PLAIN:
        return PLAIN[character]
    decomposed = unicodedata.normalize("NFKD", character)
    # What the encoding has of it anyway, for example the letter below an accent.
    letters = "".join(each for each in decomposed if each.isascii())
    return letters or ("u" if decomposed == "μ" else "?")
