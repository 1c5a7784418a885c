"""Where generated text stands in a page, between comments that a reader doesn't see.

A table stands on lines of its own between ``<!-- table: NAME -->`` and ``<!-- end -->``, a figure
in a sentence between ``<!-- figure: NAME -->`` and ``<!-- end -->``. What is between is replaced.
Figures that nobody computes here, those of a citation or of a setting, stand between
``<!-- stated -->`` and ``<!-- end -->``.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Generated", "filled", "generated_in", "pages", "pictures_of", "stray_figures"]

MARKED = re.compile(r"<!-- (table|figure): ([\w-]+) -->(.*?)<!-- end -->", flags=re.DOTALL)
STATED = re.compile(r"<!-- stated -->.*?<!-- end -->", flags=re.DOTALL)
IN_HTML = r"<(?:img|source) [^>]*src(?:set)?=\"([^\"]+)\""
PICTURE = re.compile(r"!\[[^]]*\]\(([^)\s]+)\)|```\{(?:figure|image)\} (\S+)|" + IN_HTML)
FENCE, SPAN = r"^(`{3,}|~{3,}).*?^\1", r"`[^`\n]+`"
FORMULA, LONG_FORMULA = r"\$[^$\n]+\$", r"\$\$.*?\$\$"
CODE = re.compile("|".join((FENCE, SPAN, LONG_FORMULA, FORMULA)), flags=re.DOTALL | re.MULTILINE)
BROKEN = re.compile(r"^<!-- (?:stated|figure)", flags=re.MULTILINE)
NUMBER = r"\d[\d.,]*"
IN_SENTENCE = rf"{NUMBER}(?:–{NUMBER})?\s?(?:%|‰|times\b|µs\b|ms\b|percent\b)"
IN_TABLE = rf"^\|.*\|\s*[−+]?{NUMBER}\s*[|%\[].*$"
STRAY = re.compile(f"{IN_SENTENCE}|{IN_TABLE}", flags=re.MULTILINE)
"""What a figure looks like: a share, a ratio, a time; and rows of tables with digits."""


class Generated(NamedTuple):
    """A generated piece of a page."""

    kind: str
    name: str
    text: str


def pages(root: Path) -> tuple[Path, ...]:
    """The README and the pages of the documentation, but for what building them writes."""
    docs = root / "docs"
    own = (each for each in docs.rglob("*.md") if not _is_built(each.relative_to(docs)))
    return (root / "README.md", *sorted(own))


def _is_built(page: Path) -> bool:
    return any(part.startswith("_") or part == "generated" for part in page.parts)


def generated_in(text: str) -> Iterator[Generated]:
    """The generated pieces of a page, in order."""
    for found in MARKED.finditer(text):
        yield Generated(found[1], found[2], found[3].strip())


def filled(text: str, pieces: dict[tuple[str, str], str]) -> str:
    """A page with new generated pieces.

    Args:
        text: The page.
        pieces: New text by kind and name; pieces of other names are left as they are.
    """

    def replace(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if (kind, name) not in pieces:
            return found[0]
        space = "\n\n" if kind == "table" else ""
        before = "\n\n" if kind == "table" else ""
        return f"<!-- {kind}: {name} -->{before}{pieces[kind, name]}{space}<!-- end -->"

    return MARKED.sub(replace, text)


def pictures_of(text: str) -> Iterator[str]:
    """Addresses of the pictures that a page shows, but for those elsewhere on the web."""
    for found in PICTURE.finditer(text):
        address = found[1] or found[2] or found[3]
        if not address.startswith(("http:", "https:")):
            yield address


def stray_figures(text: str) -> Iterator[str]:
    """Figures of a page that no command writes and that are not rightly marked as stated.

    Yields:
        Each figure with its line, for a message.
    """
    blanked = text
    for pattern in (MARKED, STATED, CODE):
        blanked = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), blanked)
    lines = text.splitlines()
    for found in BROKEN.finditer(text):
        number = text.count("\n", 0, found.start()) + 1
        yield f"line {number}: a line that begins with a comment is no part of its sentence"
    for found in STRAY.finditer(blanked):
        number = blanked.count("\n", 0, found.start()) + 1
        yield f"line {number}: {lines[number - 1].strip()}"
