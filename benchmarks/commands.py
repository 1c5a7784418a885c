"""The commands of ``python -m benchmarks`` and their options.

Arguments that do not start with a command's name are those of ``run``, the default command.
What imports torch, which takes seconds and memory, is imported by the commands that need it.
"""

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from asl_gym.extras import extra_told
from asl_gym.provenance import current_commit, write_provenance
from asl_gym.scenario.overlays import parse_settings
from asl_gym.scoring.evaluation import Evaluator
from asl_gym.terminal import speak_plainly_where_needed
from asl_gym.traces.columns import Columns
from asl_gym.traces.harvest_log import HarvestColumns
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.choosing import engine_called
from benchmarks.learned.page import PAGE, PAGE_PATH
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import build_suite
from benchmarks.playing.user_policies import is_own, load_user_policy
from benchmarks.reporting.exports import save_figure
from benchmarks.reporting.report import write_report
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.studies.accuracy.command import accuracy
from benchmarks.studies.calibration.command import calibration
from benchmarks.studies.causal.command import causal
from benchmarks.studies.certificate.command import certificate
from benchmarks.studies.fadings import Asked, run_fadings
from benchmarks.studies.scaling import draw_scaling, measure_scaling
from benchmarks.studies.sweeps.command import study
from benchmarks.terminal import Address, EngineOption, Jobs, Settings, failures_told, output

__all__ = ["app", "main"]

DEFAULT_COMMAND = "run"

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Evaluates policies on common traces. Options without a command are those of run.",
)

Seeds = Annotated[int, typer.Option(help="Number of evaluation seeds, which are 0, 1, ….")]
TextList = list[str] | None
FloatOrNone = float | None

app.command()(accuracy)
app.command()(calibration)
app.command()(causal)
app.command()(certificate)
app.command()(study)


@app.command()
def run(
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results (default: one in results/).")
    ] = None,
    env: Annotated[str, typer.Option(help="Environment id.")] = "ASL-v0",
    scenario: Annotated[
        str | None,
        typer.Option(help="Preset's name or JSON file (default: the environment id's own)."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds of an episode (default: the scenario's).")
    ] = None,
    seeds: Seeds = 20,
    num_devices: Annotated[
        int | None, typer.Option(help="Fleet size (default: the scenario's).")
    ] = None,
    budget_fraction: Annotated[
        FloatOrNone, typer.Option(help="Energy budget as a fraction (default: the scenario's).")
    ] = None,
    policy: Annotated[
        TextList,
        typer.Option(
            help="Your own, [NAME=]package.module:Class, [NAME=]file.py:Class or "
            "[NAME=]model.zip of stable-baselines3; repeatable."
        ),
    ] = None,
    trace_dir: Annotated[
        Path | None,
        typer.Option("--trace-dir", "--traces", help="Play the measured logs in this directory."),
    ] = None,
    seconds_per_round: Annotated[
        FloatOrNone, typer.Option(help="Duration of a round in the logs (default: a row a round).")
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            help="What gives the rates of G-NetTrack logs: capacity (the SNR's, the default) or "
            "throughput (measured)."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns of logs of another format: a TOML file, or in its place "
            '\'{time = "Time", uplink = "Rate", uplink_unit = "Mbit/s"}\'.'
        ),
    ] = None,
    stitch: Annotated[
        bool, typer.Option("--stitch", help="Play all logs as one, in the order of their names.")
    ] = False,
    harvest: Annotated[
        Path | None,
        typer.Option(help="On batteries, play the solar power or irradiance in this CSV file."),
    ] = None,
    harvest_columns: Annotated[
        str | None,
        typer.Option(
            help="Its columns: a TOML file, or in its place "
            '\'{time = "Time", power = "GHI", dawn = "06:00"}\'.'
        ),
    ] = None,
    only: Annotated[
        TextList,
        typer.Option(help="Name or label of a policy to keep beside your own; repeatable."),
    ] = None,
    agents: Annotated[bool, typer.Option(help="Whether the shipped agents take part.")] = True,
    settings: Settings = None,
    engine: EngineOption = "processes",
    address: Address = None,
    jobs: Jobs = None,
) -> None:
    """Plays the policies on common traces, then reports; goes on where it was interrupted."""
    with failures_told():
        configuration = Configuration.build(
            env,
            scenario,
            rounds,
            seeds,
            num_devices,
            budget_fraction,
            parse_settings(settings or ()),
        )
        if trace_dir is not None:
            configuration = configuration.with_measured_logs(
                trace_dir,
                seconds_per_round,
                rates=rates,
                columns=None if columns is None else Columns.from_toml(columns),
                stitch=stitch,
            )
        elif seconds_per_round is not None or rates or columns is not None or stitch:
            raise BenchmarkError(
                "seconds-per-round, rates, columns and stitch are for measured logs: give "
                "trace-dir as well"
            )
        if harvest is not None and harvest_columns is not None:
            stated = HarvestColumns.from_toml(harvest_columns)
            configuration = configuration.with_measured_harvest(harvest, stated)
        elif harvest is not None or harvest_columns is not None:
            raise BenchmarkError("harvest and harvest-columns belong together: give both or none")
        users = [load_user_policy(spec) for spec in policy or ()]
        suite = build_suite(configuration.evaluator, users, agents, only or ())
        folder = RunFolder(out or default_out(configuration))
        run_suite(configuration, suite, folder, output(), engine_called(engine, jobs, address))
        write_report(folder, output())


@app.command()
def report(out: Annotated[Path, typer.Option(help="Folder of the results.")]) -> None:
    """Writes the tables and plots of a folder anew, from its files alone."""
    with failures_told():
        write_report(RunFolder(out), output())


@app.command()
def animation(
    out: Annotated[Path, typer.Option(help="The GIF file.")] = Path("results/round.gif"),
    env: Annotated[str, typer.Option(help="Environment id.")] = "ASL-v0",
    scenario: Annotated[
        str | None,
        typer.Option(help="Preset's name or JSON file (default: the environment id's own)."),
    ] = None,
    policy: Annotated[
        str, typer.Option(help="A policy of the benchmark, by name, or your own as in run.")
    ] = "open",
    num_devices: Annotated[
        int | None, typer.Option(help="Fleet size (default: the scenario's).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episode.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds to show, from the first on.")] = 40,
    frames_per_second: Annotated[
        float, typer.Option(min=0.1, max=50, help="Rounds shown a second.")
    ] = 2.0,
    settings: Settings = None,
) -> None:
    """Draws the rounds of an episode as an animation."""
    from benchmarks.reporting.animation import frames_of, write_gif

    with failures_told():
        configuration = Configuration.build(
            env, scenario, num_devices=num_devices, settings=parse_settings(settings or ())
        )
        evaluator = Evaluator(env, scenario=configuration.scenario, render_mode="rgb_array")
        own = [load_user_policy(policy)] if is_own(policy) else []
        suite = build_suite(evaluator, own, only=() if own else (policy,), agents=not own)
        chosen = suite.entries[-1]
        out.parent.mkdir(parents=True, exist_ok=True)
        write_gif(frames_of(evaluator, chosen.policy, seed, rounds), out, frames_per_second)
    typer.echo(f"Written: {out}, {out.stat().st_size / 1e3:,.0f} kB, {chosen.label}")


@app.command()
def fadings(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/fadings"),
    rounds: Annotated[int, typer.Option(help="Rounds of an episode.")] = 1_000,
    seeds: Seeds = 20,
    settings: Settings = None,
    jobs: Jobs = None,
) -> None:
    """Compares OPEN with fixed splits under block, ergodic and no fading."""
    with failures_told():
        asked = Asked(rounds, seeds, parse_settings(settings or ()))
        run_fadings(out, asked, output(), engine_called("processes", jobs))


@app.command()
def speed(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/speed"),
) -> None:
    """Measures environments and OPEN, with ratios to what the project aims at."""
    with extra_told("agents"):
        from benchmarks.studies.speed import measure_all

    measurements = measure_all()
    table = pd.DataFrame([vars(each) for each in measurements])
    for column in ("value", "aim"):
        table[column] = table[column].map(lambda value: f"{value:,.{0 if value >= 10 else 2}f}")
    table["ratio"] = table["ratio"].map(lambda value: f"{value:.2f}")
    titles = {"what": "Measured", "value": "Median", "unit": "Unit", "aim": "Aim", "ratio": "Ratio"}
    shown = table.rename(columns=titles)
    out.mkdir(parents=True, exist_ok=True)
    write_provenance(out)
    (out / "speed.md").write_text(markdown(shown) + "\n", encoding="utf-8")
    print_table(output(), shown, "Speed; a ratio above 1 is better")


@app.command()
def scaling(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/scaling"),
    settings: Settings = None,
) -> None:
    """Measures how time and memory grow from 10 to 100,000 devices, each in a fresh process."""
    with failures_told():
        table = measure_scaling(parse_settings(settings or ()))
        out.mkdir(parents=True, exist_ok=True)
        table.to_csv(out / "scaling.csv", index=False)
        write_provenance(out)
        pictures = save_figure(draw_scaling(table), out / "scaling")
    print_table(output(), table.map(lambda value: f"{value:,.3g}"), "One episode of OPEN")
    typer.echo(f"Written to {out}: scaling.csv, {', '.join(each.name for each in pictures)}")


@app.command()
def pages(
    results: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("results"),
    keep: Annotated[
        TextList, typer.Option(help="Table or figure to leave as it is; repeatable.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: find what no command writes.")
    ] = False,
) -> None:
    """Writes tables, figures and pictures of README and docs anew from results on disk."""
    root = Path(__file__).parents[1]
    with failures_told():
        if check:
            from benchmarks.pages.checking import faults

            if found := list(faults(root)):
                raise BenchmarkError("\n".join(found))
        else:
            from benchmarks.pages.writing import write_pages

            write_pages(root, results, keep or ())


@app.command()
def learned(
    runs: Annotated[Path, typer.Option(help="Folder of the training runs.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/learned"),
    page: Annotated[
        Path, typer.Option(help="The Markdown file; its pictures go to results/ beside it.")
    ] = PAGE_PATH,
    env: Annotated[
        TextList, typer.Option(help="Environment id to train and play; repeatable (default: all).")
    ] = None,
    only: Annotated[
        TextList, typer.Option(help="Algorithm to train and play; repeatable (default: all).")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Number of training seeds (default: the page's).")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the folders of logs that the transfer protocol names."),
    ] = None,
    engine: EngineOption = "processes",
    address: Address = None,
    jobs: Jobs = None,
    ship: Annotated[
        bool, typer.Option(help="Whether the median seeds' weights are shipped.")
    ] = True,
    page_only: Annotated[
        bool, typer.Option("--page-only", help="Write the page from what is on disk.")
    ] = False,
) -> None:
    """Trains, plays and ships the learned agents and writes their page; goes on if interrupted."""
    with extra_told("agents"):
        from benchmarks.learned.command import Places, make_page, part_of
        from benchmarks.learned.report import write_page

    with failures_told():
        whole, part = part_of(PAGE, tuple(env or ()), tuple(only or ()), seeds)
        if page_only:
            write_page(whole, runs, out, page)
        else:
            places = Places(runs, out, page, data)
            make_page(whole, part, places, ship, output(), engine_called(engine, jobs, address))
        typer.echo(f"Written: {page}")


def default_out(configuration: Configuration) -> Path:
    """The folder of results that nobody named another one for."""
    measured = "-measured" if configuration.traces is not None else ""
    measured += "-measured-harvest" if configuration.harvest is not None else ""
    return Path("results") / f"{configuration.env_id}-{configuration.scenario_name}{measured}"


def main(arguments: list[str]) -> None:
    """Runs the command line."""
    speak_plainly_where_needed()
    current_commit()
    callbacks = (command.callback for command in app.registered_commands)
    commands = {callback.__name__ for callback in callbacks if callback is not None}
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        known = ", ".join(sorted(commands))
        typer.secho(
            f"Error: {arguments[0]!r} is no command: expected one of {known}, or options of "
            f"{DEFAULT_COMMAND}",
            fg="red",
            err=True,
        )
        sys.exit(2)
    if not arguments or arguments[0] not in {*commands, "--help"}:
        arguments = [DEFAULT_COMMAND, *arguments]
    app(arguments, prog_name="python -m benchmarks")
