"""Jobs and the store of their results: the store knows what is missing, not the scheduler.

A job is named by the hash of all that makes its result, the project's code included. So a result
is found wherever the same job is asked for again, by whichever command; changed code makes jobs
missing, and what the old code made stays apart.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.bookkeeping import write_json
from asl_gym.validation.checks import FieldError
from asl_gym.validation.json_files import read_json
from benchmarks.errors import BenchmarkError

__all__ = ["Job", "Store"]

RESULT, KEY = "result", "key"


@dataclass(frozen=True)
class Job:
    """What is to be done, as plain data.

    Attributes:
        made_by: All that decides the result.
        shown: What is told of it beside, such as names for people, which decides nothing.
    """

    made_by: Mapping[str, Any]
    shown: str = ""

    @cached_property
    def key(self) -> str:
        """Its name: the SHA-256 of what decides the result."""
        text = json.dumps(self.made_by, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """Results by job, a JSON file each, whole or absent.

    Args:
        path: The folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def _path(self, job: Job) -> Path:
        return self.path / job.key[:2] / f"{job.key}.json"

    def __contains__(self, job: Job) -> bool:
        return self._path(job).is_file()

    def keep(self, job: Job, result: Any) -> None:
        """Keeps a job's result, plain data; returns when it is on the disk."""
        path = self._path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {KEY: job.key, RESULT: result})

    def result(self, job: Job) -> Any:
        """A job's result.

        Raises:
            BenchmarkError: If there is none, or its file is not as it was written.
        """
        path = self._path(job)
        try:
            data = read_json(path, "job")
        except FieldError as error:
            raise BenchmarkError(f"{error}: remove it, and it is made anew") from error
        if not isinstance(data, dict) or data.get(KEY) != job.key or RESULT not in data:
            raise BenchmarkError(f"{path} is no result of this job: remove it, and it is made anew")
        return data[RESULT]
