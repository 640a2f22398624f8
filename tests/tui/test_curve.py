"""Curves: no spike lost, gaps left open, the axis fixed, and only what changed sent to the terminal."""

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from engine.history import History
from engine.series import Series
from tui.widgets.axes import steps_axis, values_axis
from tui.widgets.curve import Curve
from tui.widgets.envelope import Envelope
from tui.widgets.lens import Window
from tui.widgets.picture import Line, Picture
from tui.widgets.pictures import pictures
from tui.widgets.plot import BLOCKS, LINE, Trace, draw
from tui.widgets.spans import Part, Row, Spans, Tile, shorten, spread


def series(values: Iterator[float] | list[float], first: int = 1) -> Series:
    result = Series()
    for step, value in enumerate(values, first):
        result.put(step, 0.0, 0.0, value)
    return result


def lines(rows: list[Row]) -> list[str]:
    return ["".join(part.text for part in row) for row in rows]


def test_a_single_spike_in_a_hundred_thousand_steps_is_kept() -> None:
    values = [1.0] * 100_000
    values[63_210], values[63_215] = 9.0, -4.0
    envelope = Envelope(200, Window(0, 100_000))
    envelope.follow(series(values))
    assert max(value for _, value in envelope.raw()) == 9.0
    assert min(value for _, value in envelope.raw()) == -4.0
    assert len(envelope.raw()) < 400


def test_an_envelope_takes_in_only_what_is_new() -> None:
    source = series([1.0, 2.0, 3.0])
    envelope = Envelope(10, Window(0, 10))
    envelope.follow(source)
    before = envelope.raw()
    source.put(9, 0, 0, 0.5)
    envelope.follow(source)
    assert envelope.raw() == [*before, (pytest.approx(8.9, abs=0.02), 0.5)]


def test_an_envelope_forgets_what_a_resumed_run_dropped() -> None:
    source = series([1.0, 1.0, 50.0])
    envelope = Envelope(20, Window(0, 10))
    envelope.follow(source)
    source.cut(2)
    source.put(3, 0, 0, 1.0)
    envelope.follow(source)
    assert max(value for _, value in envelope.raw()) == 1.0


def test_smoothing_lies_between_the_extremes_and_follows_a_short_run() -> None:
    envelope = Envelope(100, Window(0, 20))
    envelope.follow(series([2.0, 1.0] * 10))
    late = [value for _, value in envelope.smoothed()][5:]
    assert all(1.2 < value < 1.8 for value in late)


def test_nan_is_a_gap_in_the_line() -> None:
    values = [1.0] * 10 + [math.nan] * 20 + [1.0] * 10
    envelope = Envelope(160, Window(0, 40))
    envelope.follow(series(values))
    rows = draw([Trace(tuple(envelope.raw()), "raw")], steps_axis(40, 80), values_axis(0, 2, 8), 80, 10)
    line = next(row for row in lines(rows) if any(0x2800 < ord(sign) < 0x2900 for sign in row))
    drawn = [column for column, sign in enumerate(line) if 0x2800 < ord(sign) < 0x2900]
    assert max(after - before for before, after in pairwise(drawn)) > 30


def test_a_picture_fills_its_rows_and_columns_exactly() -> None:
    for width, height in ((40, 6), (80, 14), (120, 30)):
        rows = draw(
            [Trace(((0, 1), (50, 3)), "raw")], steps_axis(100, width), values_axis(1, 3, height - 2), width, height
        )
        assert [len(line) for line in lines(rows)] == [width] * height


def test_a_terminal_without_utf8_gets_ascii() -> None:
    traces = [
        Trace(((0, 1), (50, 3)), "raw", LINE),
        Trace(((0, 1), (50, 2)), "smooth", BLOCKS),
        Trace(((9, 2),), "mark", "●"),
    ]
    rows = draw(traces, steps_axis(100, 60), values_axis(1, 3, 10), 60, 12, utf8=False)
    text = "\n".join(lines(rows))
    assert text.isascii()
    assert all(sign in text for sign in ".*o|+-")


def test_traces_differ_without_colour() -> None:
    history = History()
    values = {f"dim_{size}_cosine_ndcg@10": 0.5 + size / 10_000 for size in (64, 128, 256, 512, 768)}
    for step in (0, 10):
        history.apply({"type": "evaluated", "time": 1.0, "step": step, "epoch": 0, "values": values})
    picture = next(picture for picture in pictures(history) if picture.name == "retrieval")
    assert len({line.marker for line in picture.lines}) == len(picture.lines) == 6
    assert "● 768 .5768" in "".join(part.text for part in picture.left)


def test_drawing_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    draw([Trace(((5, 1.0),), "raw")], steps_axis(1, 40), values_axis(1.0, 1.0, 8), 40, 10)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [(0.5, 2.4, ["0.5", "1.0", "1.5", "2.0", "2.5"]), (1e-5, 2e-4, None), (-3.0, -1.0, None), (5.0, 5.0, None)],
)
def test_labels_are_round_and_the_axis_holds_every_value(low: float, high: float, labels: list[str] | None) -> None:
    axis = values_axis(low, high, 13)
    assert axis.low <= low and axis.high >= high
    assert all(axis.low - 1e-9 <= tick <= axis.high + 1e-9 for tick in axis.ticks)
    assert len(axis.ticks) >= 2
    assert labels is None or list(axis.labels) == labels


def test_pictures_come_in_the_order_in_which_they_matter() -> None:
    history = History()
    values = {"learning_rate": 1e-4, "loss": 2.0, "grad_norm": 1.0}
    history.apply({"type": "metrics", "time": 1.0, "step": 1, "epoch": 0, "values": values})
    found = {"eval_loss": 2.0, "dim_64_cosine_ndcg@10": 0.5}
    history.apply({"type": "evaluated", "time": 1.0, "step": 1, "epoch": 0, "values": found})
    assert [picture.name for picture in pictures(history)] == ["loss", "retrieval", "grad_norm", "learning_rate"]


class OneCurve(App[None]):
    def __init__(self, source: Series) -> None:
        super().__init__()
        self.picture = Picture("loss", (Line(source, "curve"),), (Part("loss"),), ())

    def compose(self) -> ComposeResult:
        yield Curve()


@pytest.fixture
def repainted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Region]]:
    """Collect which cells of which piece of a row are repainted."""
    found: list[tuple[int, Region]] = []
    refresh = Tile.refresh

    def noted(
        self: Tile, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Tile:
        found.extend((self.left, region) for region in regions)
        return refresh(self, *regions, repaint=repaint, layout=layout, recompose=recompose)

    monkeypatch.setattr(Tile, "refresh", noted)
    return found


async def test_only_what_changed_is_repainted(repainted: list[tuple[int, Region]]) -> None:
    source = series([2.0 - step / 1000 for step in range(500)])
    app = OneCurve(source)
    async with app.run_test(size=(120, 30)) as pilot:
        curve = app.query_one(Curve)
        curve.plot(app.picture, 1000)
        await pilot.pause()
        repainted.clear()
        curve.plot(app.picture, 1000)
        assert repainted == []
        source.put(510, 0, 0, 1.6)
        curve.plot(app.picture, 1000)
        await pilot.pause()
        cells = sum(region.width * region.height for _, region in repainted)
        assert 0 < cells < 12
        assert all(48 <= left <= 72 for left, _ in repainted)


async def test_a_curve_is_drawn_anew_in_a_new_size() -> None:
    app = OneCurve(series([2.0, 1.0] * 50))
    async with app.run_test(size=(120, 30)) as pilot:
        app.query_one(Curve).plot(app.picture, 100)
        await pilot.resize_terminal(80, 20)
        await pilot.pause()
        rows = app.query_one(Curve).text.split("\n")
        assert len(rows) == 20
        assert max(map(len, rows)) == 80


async def test_text_from_outside_is_only_shown() -> None:
    class Words(App[None]):
        def compose(self) -> ComposeResult:
            yield Spans()

    async with Words().run_test() as pilot:
        spans = pilot.app.query_one(Spans)
        spans.show([(Part("[red]a[/red]\x1b[31mb\x07\tc\u202ed"),)])
        await pilot.pause()
        assert spans.text == "[red]a[/red]␛[31mb␇␉c�d"


def test_a_row_that_is_too_narrow_drops_whole_parts_by_importance() -> None:
    left, right = [Part("name"), Part(" epoch 1", keep=2), Part(" time", keep=3)], [Part("left")]
    assert lines([spread(left, right, 30)]) == ["name epoch 1 time         left"]
    assert lines([spread(left, right, 18)]) == ["name time     left"]
    assert lines([spread(left, right, 10)]) == ["name  left"]


def test_shortening_counts_cells() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten("日本語日本語", 7) == "日本語…"
