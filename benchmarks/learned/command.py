"""The page by one command: train, play, ship, write; what is done is not done again."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.errors import BenchmarkError
from benchmarks.learned.evaluation import play_page
from benchmarks.learned.fleets import play_fleets
from benchmarks.learned.page import Page
from benchmarks.learned.report import write_page
from benchmarks.learned.shipping import ship_medians
from benchmarks.learned.training import runs_of, train_missing

__all__ = ["make_page", "part_of"]


def make_page(
    page: Page,
    part: Page,
    runs: Path,
    out: Path,
    path: Path,
    jobs: int,
    ship: bool,
    anew: bool,
    console: Console,
) -> None:
    """Trains and plays what is missing of a part of the page, ships, and writes the page.

    Args:
        page: All that is on the page; what others have played of it is shown too.
        part: What is trained, played and shipped.
        runs: Folder of all runs.
        out: Folder of the results.
        path: The Markdown file.
        jobs: How many runs are trained at a time.
        ship: Whether the median training seeds' weights are shipped.
        anew: Whether rows that other code or files made are played anew.
        console: Where progress is shown.

    Raises:
        BenchmarkError: If runs failed, or results of another configuration are in the way.
    """
    wanted = runs_of(part, runs)
    train_missing(wanted, jobs, console)
    play_page(part, wanted, out, console, anew)
    play_fleets(part, wanted, out, console, anew)
    if ship:
        ship_medians(part, runs, out, console)
    write_page(page, runs, out, path)


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
