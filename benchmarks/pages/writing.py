"""Writes the generated pieces of all pages, and the record by which a later change is noticed."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from agents.bookkeeping import sha256_of
from asl_gym.validation.json_files import read_json
from benchmarks.errors import BenchmarkError
from benchmarks.pages.generators import DEFAULT_RUN, FIGURES, TABLES, provenance_line
from benchmarks.pages.markers import filled, generated_in, pages
from benchmarks.pages.pictures import picture_files, write_pictures

__all__ = ["RECORD", "piece_key", "sha256_of_text", "write_pages"]

RECORD = Path("docs") / "generated.json"
"""SHA-256 of each generated piece and picture, as it was written."""

PICTURE_FOLDER = Path("benchmarks") / "pictures"


def write_pages(root: Path, results: Path, keep: Collection[str] = ()) -> None:
    """Replaces the tables, figures and pictures of all pages.

    Args:
        root: The repository.
        results: Folder in which the commands' results are.
        keep: Tables and figures to leave as they are.

    Raises:
        BenchmarkError: If results are missing, a name isn't known or a table is on no page.
    """
    texts = {page: page.read_text(encoding="utf-8") for page in pages(root)}
    shown = {(each.kind, each.name) for text in texts.values() for each in generated_in(text)}
    _check_names(shown, keep)
    try:
        pieces = {key: _piece(key, results) for key in sorted(shown) if key[1] not in keep}
        write_pictures(root / PICTURE_FOLDER, results, DEFAULT_RUN)
    except FileNotFoundError as error:
        raise BenchmarkError(
            f"{error.filename} is missing: run the command that writes it"
        ) from error
    for page, text in texts.items():
        page.write_text(filled(text, pieces), encoding="utf-8")
    _write_record(root, keep)


def piece_key(kind: str, name: str) -> str:
    """A piece's name in the record."""
    return f"{kind}: {name}"


def sha256_of_text(text: str) -> str:
    """The digest by which the record knows a piece."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check_names(shown: Collection[tuple[str, str]], keep: Collection[str]) -> None:
    known = {("table", name) for name in TABLES} | {("figure", name) for name in FIGURES}
    names = ", ".join(sorted(name for _, name in known))
    for name in keep:
        if name not in {each for _, each in known}:
            raise BenchmarkError(f"keep = {name!r}: expected some of {names}")
    for kind, name in shown:
        if (kind, name) not in known:
            raise BenchmarkError(f"a page has a {kind} named {name!r}: expected some of {names}")
    if missing := sorted(known - set(shown)):
        raise BenchmarkError(f"no page has the {missing[0][0]} {missing[0][1]!r}")


def _piece(key: tuple[str, str], results: Path) -> str:
    kind, name = key
    if kind == "figure":
        return FIGURES[name](results)
    return f"{TABLES[name].write(results)}\n\n{provenance_line(TABLES[name], results)}"


def _write_record(root: Path, keep: Collection[str]) -> None:
    """Writes the digests of all pieces; of those that are kept the old ones stay."""
    before = read_json(root / RECORD, "record") if keep else {}
    texts = [page.read_text(encoding="utf-8") for page in pages(root)]
    found = [each for text in texts for each in generated_in(text)]
    record = {}
    for each in found:
        key = piece_key(each.kind, each.name)
        record[key] = before.get(key) if each.name in keep else sha256_of_text(each.text)
    for name in picture_files():
        record[piece_key("picture", name)] = sha256_of(root / PICTURE_FOLDER / name)
    text = json.dumps(dict(sorted(record.items())), indent=2)
    (root / RECORD).write_text(text + "\n", encoding="utf-8")
