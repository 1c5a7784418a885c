"""Short jobs put together, so that handing them to processes costs little."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["batched"]

Item = TypeVar("Item")


def batched(
    items: Iterable[Item],
    work: Callable[[Item], float],
    shares: Callable[[Item], Any],
    most: float,
) -> Iterator[list[Item]]:
    """Puts items together that follow one another and share something.

    Args:
        items: The items, in order.
        work: How much work an item is.
        shares: What the items of a batch have in common.
        most: The work of a batch at most, unless a single item is more.
    """
    batch: list[Item] = []
    done, common = 0.0, None
    for item in items:
        of_item, in_common = work(item), shares(item)
        if batch and (in_common != common or done + of_item > most):
            yield batch
            batch, done = [], 0.0
        batch.append(item)
        done, common = done + of_item, in_common
    if batch:
        yield batch
