"""The page by one command: train, play, ship, write; what is done is not done again."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Engine
from benchmarks.learned.evaluation import play_page
from benchmarks.learned.fleets import play_fleets
from benchmarks.learned.page import Page
from benchmarks.learned.report import write_page
from benchmarks.learned.runs import runs_of
from benchmarks.learned.shipping import ship_medians
from benchmarks.learned.training import train_missing
from benchmarks.learned.training_speed import measure_missing
from benchmarks.learned.transfer.playing import play_transfer
from benchmarks.learned.transfer.protocol import page_protocols

__all__ = ["Places", "make_page", "part_of"]


class Places(NamedTuple):
    """Where things are.

    Attributes:
        runs: Folder of all runs.
        out: Folder of the results.
        page: The Markdown file.
        data: Folder of the folders of logs that the protocol of transfer names, if there is one.
    """

    runs: Path
    out: Path
    page: Path
    data: Path | None = None


def make_page(
    page: Page, part: Page, places: Places, ship: bool, console: Console, engine: Engine
) -> None:
    """Trains and plays what is missing of a part of the page, ships, and writes the page.

    Args:
        page: All that is on the page; what others have played of it is shown too.
        part: What is trained, played and shipped.
        places: Where things are.
        ship: Whether the median training seeds' weights are shipped.
        console: Where progress is shown.
        engine: What trains and plays.

    Raises:
        BenchmarkError: If runs failed, or results of another configuration are in the way.
    """
    wanted = runs_of(part, places.runs)
    train_missing(wanted, console, engine)
    play_page(part, wanted, places.out, console, engine)
    play_fleets(part, wanted, places.out, console, engine)
    if part.has_transfer:
        for protocol in page_protocols():
            play_transfer(protocol, wanted, places.out, places.data, console, engine)
    measure_missing(part, places.out, console)
    if ship:
        ship_medians(page, part, places.runs, places.out, console)
    write_page(page, places.runs, places.out, places.page)


def part_of(
    page: Page, env_ids: tuple[str, ...], algorithms: tuple[str, ...], num_seeds: int | None
) -> tuple[Page, Page]:
    """The page with so many training seeds, and the part of it that a user asks for.

    Raises:
        BenchmarkError: If the page does not have an environment id or algorithm.
    """
    if num_seeds is not None:
        page = replace(page, num_training_seeds=num_seeds)
    try:
        return page, page.restricted(env_ids, algorithms)
    except ValueError as error:
        raise BenchmarkError(str(error)) from error
