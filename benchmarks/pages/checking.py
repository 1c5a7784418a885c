"""Finds what a page shows that no command writes, or that was changed since one did."""

from collections.abc import Iterator
from pathlib import Path

from agents.bookkeeping import sha256_of
from asl_gym.validation.json_files import read_json
from benchmarks.pages.markers import generated_in, pages, pictures_of, stray_figures
from benchmarks.pages.pictures import picture_files
from benchmarks.pages.writing import PICTURE_FOLDER, RECORD, piece_key, sha256_of_text

__all__ = ["faults"]

LEARNED_PICTURES = Path("agents") / "results"
"""Written by ``python -m benchmarks learned``, with the page on which they are."""


def faults(root: Path) -> Iterator[str]:
    """What is wrong with the pages of a repository, a line a fault.

    Args:
        root: The repository.
    """
    record = read_json(root / RECORD, "record")
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        place = page.relative_to(root).as_posix()
        for each in generated_in(text):
            if record.get(piece_key(each.kind, each.name)) != sha256_of_text(each.text):
                yield f"{place}: the {each.kind} {each.name!r} is not as the command wrote it"
        for address in pictures_of(text):
            if told := _picture_fault(root, page, address, record):
                yield f"{place}: {address} {told}"
        for figure in stray_figures(text):
            yield f"{place}, {figure}: a figure that no command writes"


def _picture_fault(root: Path, page: Path, address: str, record: dict[str, str]) -> str | None:
    path = (page.parent / address).resolve()
    if not path.is_file():
        return "is missing"
    folder = path.parent.relative_to(root.resolve())
    if folder == LEARNED_PICTURES:
        return None
    if folder != PICTURE_FOLDER or path.name not in picture_files():
        return "is a picture that no command writes"
    if record.get(piece_key("picture", path.name)) != sha256_of(path):
        return "is not as the command wrote it"
    return None
