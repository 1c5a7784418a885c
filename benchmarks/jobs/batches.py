"""Short jobs put together, so that handing them to processes costs little."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

__all__ = ["batched"]

Item = TypeVar("Item")


def batched(
    items: Iterable[Item], work: Callable[[Item], float], most: float
) -> Iterator[list[Item]]:
    """Puts items together that follow one another.

    Args:
        items: The items, in order.
        work: How much work an item is.
        most: The work of a batch at most, unless a single item is more.
    """
    batch: list[Item] = []
    done = 0.0
    for item in items:
        of_item = work(item)
        if batch and done + of_item > most:
            yield batch
            batch, done = [], 0.0
        batch.append(item)
        done += of_item
    if batch:
        yield batch
