"""``python -m agents export``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from agents.bookkeeping import write_whole
from agents.configuration import ALGORITHMS, Configuration
from agents.description import read_description
from agents.errors import RunError
from agents.exported.exporting import as_onnx
from agents.pretrained import onnx_of
from agents.pretrained.weights import describe

__all__ = ["export"]


def export(
    name: Annotated[
        str, typer.Argument(help="A shipped agent's name, or the folder of a run that has ended.")
    ],
    to: Annotated[Path, typer.Option(help="The ONNX file to write.")],
    env: Annotated[str, typer.Option(help="Environment id of a shipped agent.")] = "ASL-v0",
) -> None:
    """Write an agent as an ONNX file, which plays without torch: --policy FILE.onnx."""
    try:
        if to.suffix != ".onnx":
            raise RunError(f"to = {str(to)!r} is not allowed: expected a name that ends with .onnx")
        folder = Path(name)
        contents = _of_run(folder) if folder.is_dir() else onnx_of(name, env)
        to.parent.mkdir(parents=True, exist_ok=True)
        write_whole(to, contents)
    except (ValueError, OSError) as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"written: {to}; in the table: python -m benchmarks --policy {to}")


def _of_run(folder: Path) -> bytes:
    """The file of a run's model. Loading it runs the code that is pickled in it."""
    path = folder / "model.zip"
    if not path.is_file():
        raise RunError(f"{path} is missing: the run has not ended, or this is no run's folder")
    plain: dict[str, Any] = read_description(folder)["configuration"]
    known = {each: plain[each] for each in Configuration.__dataclass_fields__ if each in plain}
    configuration = Configuration(**known)
    model = ALGORITHMS[configuration.algorithm].load(path, device="cpu")
    return as_onnx(model.policy, configuration.env_id, describe(configuration)["agent"])
