"""Rendering: what stands in the table, and that pictures are steady and leave no traces."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from asl_gym.envs.rendering import (
    PlayedRound,
    RoundView,
    bar_starts,
    bars,
    canvas,
    panels,
    picture,
    render_ansi,
    render_rgb,
)
from asl_gym.envs.rendering.panels import Layout
from asl_gym.picture_style import PARTS

LAYERS = (*(f"conv{i}" for i in range(1, 9)), "pool3", "fc1", "fc2", "fc3")
SHAPE = (600, 960, 3)


def view_before(num_devices: int = 10, per_device: bool = False) -> RoundView:
    budgets = np.full(num_devices + 1, 5.0) if per_device else np.array([147.55])
    return RoundView(
        round_index=0,
        horizon=200,
        layer_names=(LAYERS,) * num_devices,
        queue=np.zeros(len(budgets)),
        energy_budgets=budgets,
        schedule="sequential",
        num_devices=num_devices,
    )


def view_after(num_devices: int = 10, per_device: bool = False, seed: int = 0) -> RoundView:
    """A round with random delays whose device n is split after layer n % 12 + 1."""
    rng = np.random.default_rng(seed)
    before = view_before(num_devices, per_device)
    split = np.arange(num_devices) % len(LAYERS) + 1
    parts = rng.uniform(0.5, 30.0, (4, num_devices))
    parts[3, split == len(LAYERS)] = 0.0
    device_energy = rng.uniform(0.1, 20.0, num_devices)
    queue_shares = rng.uniform(0, 3, len(before.queue))
    played = PlayedRound(
        split=split,
        downlink_delay=parts[0],
        device_delay=parts[1],
        uplink_delay=parts[2],
        server_delay=parts[3],
        device_energy=device_energy,
        server_energy=43.21,
        server_frequency_hz=np.full(num_devices, 1.234e9),
        uplink_bps=rng.uniform(0.1e6, 160e6, num_devices),
        downlink_bps=rng.uniform(0.1e6, 160e6, num_devices),
        delay=float(parts.sum()),
        energy=float(device_energy.sum()) + 43.21,
        mean_delay=269.4,
        mean_energy=183.1,
    )
    queue = before.energy_budgets * queue_shares
    return replace(before, round_index=37, queue=queue, played=played)


def shown(view: RoundView) -> PlayedRound:
    """The round that a view shows."""
    assert view.played is not None
    return view.played


def changed(view: RoundView, **changes: Any) -> RoundView:
    """A view whose round or itself has other values."""
    own = {field.name for field in fields(RoundView)}
    of_round = {name: value for name, value in changes.items() if name not in own}
    of_view = {name: value for name, value in changes.items() if name in own}
    return replace(view, played=replace(shown(view), **of_round), **of_view)


def rows_of(text: str) -> list[str]:
    """The table's rows, found by their bar, without the heading that explains it."""
    return [line for line in text.splitlines() if "#" in line and "server" not in line]


def pixels_of(image: NDArray[np.uint8], colour: str) -> int:
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((image == np.array(rgb, dtype=np.uint8)).all(axis=-1).sum())


def test_view_derives_parts_and_relative_queue() -> None:
    view = changed(view_after(), server_delay=np.full(10, -1e-16), queue=np.array([295.1]))
    assert shown(view).parts.shape == (4, 10)
    assert shown(view).parts.min() == 0.0
    assert view.relative_queue == pytest.approx([2.0])
    assert view.played
    assert not view_before().played


def test_bars_follow_one_another_only_when_sequential() -> None:
    delay = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(bar_starts("sequential", delay), [0.0, 3.0, 4.0])
    np.testing.assert_array_equal(bar_starts("parallel", delay), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(bar_starts("sequential", delay[:1]), [0.0])


def test_table_heads_with_round_delay_energy_budget_and_queue() -> None:
    view = changed(view_after(), delay=84.26, energy=151.2, queue=np.array([412.0]))
    first, second = render_ansi(view).splitlines()[:2]
    assert first == (
        "Round 37 of 200 | delay 84.3 s | energy 151 J, budget 148 J | queue 412 J = 2.79 x budget"
    )
    assert second == "Mean so far | delay 269 s | energy 183 J = 1.24 x budget"


def test_table_shows_a_device_in_each_row() -> None:
    view = changed(view_after(), uplink_bps=np.full(10, 12.345e6), downlink_bps=np.full(10, 98e6))
    rows = rows_of(render_ansi(view))
    assert len(rows) == 10
    for n, row in enumerate(rows):
        number, bar, split, layer, delay, *parts, energy, down, up, clock = row.split()
        assert (int(number), int(split), layer) == (n, n + 1, LAYERS[n])
        assert bar == "#" * (n + 1) + "." * (11 - n)
        np.testing.assert_allclose(
            [float(part) for part in parts], shown(view).parts[:, n], atol=0.005
        )
        assert float(delay) == pytest.approx(shown(view).parts[:, n].sum(), abs=0.005)
        assert float(energy) == pytest.approx(shown(view).device_energy[n], abs=0.005)
        assert [float(down), float(up), float(clock)] == pytest.approx([98, 12.345, 1.23], abs=0.01)


def test_table_shows_no_clock_where_the_server_has_no_work() -> None:
    view = view_after(12)
    rounded = changed(
        view, server_delay=np.where(shown(view).split == 12, 1e-15, shown(view).server_delay)
    )
    for each in (view, rounded):
        clocks = [row.split()[-1] for row in rows_of(render_ansi(each))]
        assert clocks == ["1.23"] * 11 + ["-"]


@pytest.mark.parametrize("per_device", [False, True])
@pytest.mark.parametrize("num_devices", [1, 10, 100])
def test_table_is_aligned_and_at_most_110_columns_wide(num_devices: int, per_device: bool) -> None:
    lines = render_ansi(view_after(num_devices, per_device)).splitlines()
    rows = rows_of("\n".join(lines))
    assert max(map(len, lines)) <= 110
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == min(num_devices, 20)
    assert ("... and 80 more devices" in "\n".join(lines)) == (num_devices == 100)


def test_table_before_the_first_round() -> None:
    text = render_ansi(view_before())
    assert "no round has been played yet" in text
    assert "Round 0 of 200" in text
    assert "queue 0 J" in text
    assert "all queues 0 J" in render_ansi(view_before(per_device=True))


def test_table_with_queues_per_device_names_the_largest_and_shows_each() -> None:
    queue = np.zeros(11)
    queue[3], queue[10] = 12.5, 4.0
    view = changed(view_after(per_device=True), queue=queue)
    assert "largest queue 2.50 x budget (device 3)" in render_ansi(view)
    assert rows_of(render_ansi(view))[3].split()[-4] == "12.50"
    assert render_ansi(view).endswith("Server side: energy 43.2 J, queue 4.00 J\n")
    queue[10] = 20.0
    assert "largest queue 4.00 x budget (server)" in render_ansi(changed(view, queue=queue))


def test_table_of_a_deep_network_scales_bars_and_cuts_names() -> None:
    names = tuple(f"stage{i}.convolution" for i in range(50))
    splits = np.array([0, 1, 25, 49, 50])
    view = changed(view_after(5), layer_names=(names,) * 5, split=splits)
    table_bars = [line for line in render_ansi(view).splitlines() if ".." in line or "##" in line]
    filled = [bar.count("#") for bar in table_bars]
    assert filled == [0, 1, 7, 13, 14]
    assert " 0 input " in table_bars[0]
    assert " 1 stage0.co~ " in table_bars[1]


@pytest.mark.parametrize("per_device", [False, True])
@pytest.mark.parametrize("num_devices", [1, 10, 20, 100])
def test_picture_has_the_same_shape_in_every_round(num_devices: int, per_device: bool) -> None:
    views = [view_after(num_devices, per_device)]
    if num_devices in (1, 100):
        views.append(view_before(num_devices, per_device))
    for view in views:
        image = render_rgb(view)
        assert image.shape == SHAPE
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous


def test_picture_is_deterministic_and_does_not_change_the_view() -> None:
    view = view_after()
    before = shown(view).parts.copy()
    first = render_rgb(view)
    np.testing.assert_array_equal(first, render_rgb(view))
    assert not np.array_equal(first, render_rgb(view_after(seed=1)))
    np.testing.assert_array_equal(shown(view).parts, before)


def test_picture_frame_stays_where_rounds_are_alike() -> None:
    view = view_after()
    first = render_rgb(view)
    second = render_rgb(changed(view, uplink_delay=shown(view).uplink_delay * 0.97))
    rows, columns = np.nonzero((first != second).any(axis=-1))
    # Only bars (in the axes) and the shares in the legend may move.
    assert rows.max() < panels.TOP + panels.HEIGHT
    assert columns.min() >= panels.BESIDE


def rounds_to_draw(per_device: bool) -> list[RoundView]:
    """Rounds that move every scale, none played first, in between and last."""
    before = view_before(per_device=per_device)
    views = [before]
    for seed, scale in enumerate((1.0, 7.0, 0.02, 1.0)):
        view = view_after(per_device=per_device, seed=seed)
        views.append(
            changed(
                view,
                delay=shown(view).delay * scale,
                energy=shown(view).energy * scale,
                queue=view.queue * scale,
                split=np.random.default_rng(seed).integers(0, len(LAYERS) + 1, 10),
            )
        )
        views.append(before)
    return [*views, *views[::-1]]


@pytest.mark.parametrize("per_device", [False, True])
def test_pictures_after_others_are_those_drawn_anew(per_device: bool) -> None:
    kept = picture.RoundPicture(Layout.of(view_before(per_device=per_device)))
    images = [kept.draw(view) for view in rounds_to_draw(per_device)]
    for view, image in zip(rounds_to_draw(per_device), images, strict=True):
        anew = picture.RoundPicture(Layout.of(view)).draw(view)
        np.testing.assert_array_equal(image, anew)


def test_pictures_are_the_same_where_stamps_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [render_rgb(view) for view in rounds_to_draw(False)]
    monkeypatch.setattr(canvas, "MOST_STAMPS", 3)
    few = picture.RoundPicture(Layout.of(view_before()))
    for view, image in zip(rounds_to_draw(False), images, strict=True):
        np.testing.assert_array_equal(few.draw(view), image)
    assert len(few._canvas._stamps) == 3


def test_pictures_of_many_layouts_in_turn_are_those_of_each() -> None:
    views = [
        *(view_after(num_devices) for num_devices in (1, 2, 10, 21)),
        view_after(per_device=True),
        changed(view_after(), layer_names=(tuple("abcdefghijkl"),) * 10),
        changed(view_after(), layer_names=(LAYERS,) * 9 + (LAYERS[:-1],)),
    ]
    first, second = ([render_rgb(view) for view in views] for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({image.tobytes() for image in first}) == len(views)
    assert len(picture._KEPT) == picture.MOST_KEPT


def test_pictures_do_not_depend_on_what_was_set_and_leave_it() -> None:
    view = view_after()
    first = render_rgb(view)
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.facecolor": "black"}):
        anew = picture.RoundPicture(Layout.of(view)).draw(view)
        assert mpl.rcParams["font.size"] == 20
    np.testing.assert_array_equal(first, anew)


def test_threads_draw_at_once() -> None:
    views = [view_after(seed=seed) for seed in range(4)]
    alone = [render_rgb(view) for view in views]
    with ThreadPoolExecutor(4) as pool:
        for image, one in zip(pool.map(render_rgb, views * 3), alone * 3, strict=True):
            np.testing.assert_array_equal(image, one)


def test_picture_shows_parts_in_proportion() -> None:
    view = view_after()
    zero = np.zeros(10)
    still = changed(view, downlink_delay=zero, uplink_delay=zero)
    images = render_rgb(view), render_rgb(still)
    for part in ("download", "upload"):
        with_part, key_only = (pixels_of(image, PARTS[part]) for image in images)
        assert with_part > 2 * key_only > 0


def test_picture_colours_layers_by_who_runs_them() -> None:
    view = view_after()
    on_device = changed(view, split=np.full(10, len(LAYERS)))
    on_server = changed(view, split=np.zeros(10, dtype=int))
    area = np.s_[panels.TOP : panels.TOP + panels.HEIGHT, panels.LEFT : panels.LEFT + panels.WIDTH]
    device, server = PARTS["device computing"], PARTS["server computing"]
    image = render_rgb(on_device)[area]
    assert pixels_of(image, device) > 30_000
    assert pixels_of(image, server) == 0
    assert pixels_of(render_rgb(on_server)[area], server) > 30_000


@pytest.mark.parametrize("num_layers", [1, 16, 17, 50])
def test_picture_of_other_networks(num_layers: int) -> None:
    names = tuple(f"stage{i}.convolution" for i in range(num_layers))
    split = np.arange(10) % (num_layers + 1)
    view = changed(view_after(), layer_names=(names,) * 10, split=split)
    assert render_rgb(view).shape == SHAPE


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_both_take_values_of_any_size(scale: float) -> None:
    view = view_after(per_device=True)
    tiny_or_huge = changed(
        view,
        downlink_delay=shown(view).downlink_delay * scale,
        delay=shown(view).delay * scale,
        energy=shown(view).energy * scale,
        queue=view.queue * scale,
    )
    assert render_rgb(tiny_or_huge).shape == SHAPE
    assert len(rows_of(render_ansi(tiny_or_huge))) == 10


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, 1), (0.11, 0.15), (1.0, 1), (84, 100), (269, 300), (5e3, 6e3)]
)
def test_limits_of_axes_are_round(value: float, expected: float) -> None:
    assert bars.round_up(value) == pytest.approx(expected)


@pytest.mark.parametrize("value", 10.0 ** np.arange(-6, 9) * (1 + 1e-12))
def test_limits_of_axes_are_never_below_the_value(value: float) -> None:
    assert value <= bars.round_up(value) <= 10 * value


def test_missing_matplotlib_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture._KEPT.clear()
    with pytest.raises(DependencyNotInstalled, match=r"pip install 'asl-gym\[plot\]'"):
        render_rgb(view_after())
    assert render_ansi(view_after())


def test_matplotlib_is_lazy_and_pyplot_never_imported() -> None:
    program = """
import sys
import numpy as np
from asl_gym.envs.rendering import RoundView, render_ansi, render_rgb
view = RoundView(0, 5, ("fc",), np.zeros(1), np.ones(1), "sequential", 2)
render_ansi(view)
assert "matplotlib" not in sys.modules
render_rgb(view)
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
