"""What a run tells of itself in ``run.json``: how it is trained, by which code, up to where.

``written_by`` has an entry for each code and aim that the run was trained by, in turn: ``commit``,
``source_sha256`` (see :func:`agents.bookkeeping.source_sha256`), ``total_steps`` (the steps that it
was to end at), ``from_steps`` and ``to_steps`` (its last checkpoint).
"""

from pathlib import Path
from typing import Any

from agents.bookkeeping import differences, source_sha256, write_json
from agents.configuration import Configuration
from agents.errors import RunError
from asl_gym.provenance import current_commit
from asl_gym.validation.json_files import read_json

__all__ = [
    "begin_description",
    "changes_since",
    "check_configuration",
    "continue_description",
    "has_description",
    "read_description",
    "record_checkpoint",
    "update_description",
]

FILE = "run.json"
KINDS: dict[str, type | tuple[type, ...]] = {
    "configuration": dict,
    "commit": str,
    "written_by": list,
    "steps": int,
    "training_seconds": (int, float),
    "seconds_to_checkpoint": (int, float),
}
"""What entries have to be, where they are there."""

WRITTEN_BY = {"commit", "source_sha256", "total_steps", "from_steps", "to_steps"}


def _writer(total_steps: int) -> dict[str, Any]:
    """What trains now."""
    return {
        "commit": current_commit() or "unknown",
        "source_sha256": source_sha256("asl_gym", "agents"),
        "total_steps": total_steps,
    }


def begin_description(
    configuration: Configuration, seed: int, folder: Path, total_steps: int
) -> None:
    """Writes ``run.json`` of a run that begins."""
    writer = _writer(total_steps)
    made = {
        "configuration": configuration.plain(),
        "seed": seed,
        "commit": writer["commit"],
        "written_by": [{**writer, "from_steps": 0, "to_steps": 0}],
    }
    write_json(folder / FILE, made)


def check_configuration(configuration: Configuration, folder: Path) -> None:
    """Compares a configuration with that of the run in a folder.

    Raises:
        RunError: If the run was started with another one.
    """
    found = differences(read_description(folder)["configuration"], configuration.plain())
    if found:
        raise RunError(
            f"the run in {folder} was started with another configuration: {'; '.join(found)}: go "
            "on with that, or train into another folder"
        )


def changes_since(folder: Path, total_steps: int) -> list[str]:
    """Where the code and the total steps are not those that a run was last trained by.

    The same code at another commit is no change.
    """
    last, now = read_description(folder)["written_by"][-1], _writer(total_steps)
    found = []
    if last["source_sha256"] != now["source_sha256"]:
        found.append(
            f"the code is not that which it was trained by so far (commit {last['commit']} there, "
            f"{now['commit']} now, of another source)"
        )
    # A run of earlier code did not tell what it was to end at.
    if last["total_steps"] not in (None, total_steps):
        found.append(
            f"the total steps were {last['total_steps']:,} and are {total_steps:,} now, so that "
            "learning rates fall otherwise"
        )
    return found


def continue_description(folder: Path, steps_done: int, total_steps: int) -> None:
    """Records who goes on with a run from its last checkpoint."""
    written = read_description(folder)["written_by"]
    written[-1]["to_steps"] = steps_done
    writer = _writer(total_steps)
    if not writer.items() <= written[-1].items():
        written.append({**writer, "from_steps": steps_done, "to_steps": steps_done})
    update_description(folder, written_by=written)


def record_checkpoint(folder: Path, steps_done: int, seconds: float) -> None:
    """Records a checkpoint's steps and the time [s] that training up to it took."""
    written = read_description(folder)["written_by"]
    written[-1]["to_steps"] = steps_done
    update_description(folder, written_by=written, seconds_to_checkpoint=seconds)


def has_description(folder: Path) -> bool:
    """Whether a run has begun in a folder."""
    return (folder / FILE).exists()


def read_description(folder: Path) -> dict[str, Any]:
    """The contents of a run's ``run.json``.

    Raises:
        RunError: If there is none, or it is not a whole one.
    """
    path = folder / FILE
    if not path.exists():
        raise RunError(f"{path} does not exist: there is no run in {folder}")
    try:
        contents = read_json(path, "run")
        _check_kinds(contents)
    except ValueError as error:
        raise RunError(
            f"{path} is not the whole description of a run ({error}). Trainings write it whole, so "
            f"it was changed from outside: put a copy of yours back, or train into another folder"
        ) from error
    # What earlier code has written tells its commit alone.
    unknown = dict.fromkeys(("source_sha256", "total_steps", "to_steps"))
    earlier = {"commit": contents["commit"], "from_steps": 0, **unknown}
    return {**contents, "written_by": contents.get("written_by", [earlier])}


def _check_kinds(contents: Any) -> None:
    if not isinstance(contents, dict):
        raise ValueError(f"it holds {contents!r:.40}: expected an object")
    for missing in {"configuration", "commit"} - contents.keys():
        raise ValueError(f"it has no {missing!r}")
    for name in KINDS.keys() & contents.keys():
        if not isinstance(contents[name], KINDS[name]):
            raise ValueError(f"{name} = {contents[name]!r:.40}")
    entries = {"commit", "source_sha256", "total_steps", "from_steps", "to_steps"}
    written = contents.get("written_by", [dict.fromkeys(entries)])
    if not written or not all(
        isinstance(each, dict) and entries <= each.keys() for each in written
    ):
        raise ValueError(f"written_by = {written!r:.40}")


def update_description(folder: Path, **entries: Any) -> None:
    """Sets entries of ``run.json`` and leaves the others as they are."""
    write_json(folder / FILE, {**read_description(folder), **entries})
