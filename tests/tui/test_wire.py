"""The line to the terminal: the same picture in fewer bytes, and no picture while the last one is on its way."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.tui.journals import RunFolder, standing_in, wait_until
from tui import wire
from tui.app import Tunewright
from tui.screens.train import TrainScreen
from tui.widgets.spans import Spans
from tui.wire import Wire, lean, leaner

LOOKS = ("", "1;38;2;9;9;9;48;2;20;23;28", "38;2;9;9;9;48;2;20;23;28", "38;5;3", "7;31;44", "95;103", "4", "39;49")
TEXTS = ("  ", "loss", "⣿⣧", "日本", " ", "─" * 5)


def picture(chance: random.Random) -> str:
    """A picture as the program draws it: places, newlines, and texts of which each begins and ends its own look."""
    parts = ["\x1b[1;1H"]
    for _ in range(60):
        if chance.random() < 0.3:
            parts.append(f"\x1b[{chance.randint(1, 10)};{chance.randint(1, 30)}H")
        codes = chance.choice(LOOKS)
        text = chance.choice(TEXTS)
        parts.append(f"\x1b[{codes}m{text}\x1b[0m" if codes else text)
        parts.append("\r\n" if chance.random() < 0.1 else "")
    return "".join(parts)


def seen(text: str) -> list[object]:
    """What a terminal shows: of a space only what can be seen of it."""
    screen = pyte.Screen(50, 40)
    pyte.Stream(screen).feed(text)
    cells = [screen.buffer[y][x] for y in range(40) for x in range(50)]
    return [cell._replace(fg="") if cell.data == " " and not cell.reverse else cell for cell in cells]


@pytest.mark.parametrize("seed", range(20))
def test_fewer_bytes_show_the_same_picture_and_leave_plain_colours(seed: int) -> None:
    text = picture(random.Random(seed))
    short = lean(text)
    assert seen(short + "x") == seen(text + "x")
    assert len(short) < len(text)


def test_a_place_is_named_only_where_the_cursor_is_not() -> None:
    assert lean("\x1b[2;3Hab\x1b[2;5Hcd\x1b[4;1He") == "\x1b[2;3Habcd\x1b[4;1He"


def test_what_is_no_picture_passes_as_it_is() -> None:
    assert lean("\x1b[?1049h\x1b[?25l") == "\x1b[?1049h\x1b[?25l"


def test_the_line_is_busy_from_a_large_picture_until_the_terminal_has_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(wire, "now", lambda: clock[0])
    line = Wire()
    assert line.question(500) == "" and line.free
    assert line.question(5000) == wire.ASK and not line.free
    assert line.question(5000) == ""  # one question at a time
    line.answered()
    assert line.free
    assert line.question(1) == wire.ASK and not line.free
    clock[0] += wire.LOST + 1
    assert line.free  # an answer that was lost is not waited for for ever


def test_a_terminal_that_never_answers_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(wire, "now", lambda: clock[0])
    line = Wire()
    line.question(5000)
    clock[0] += wire.SILENT + 1
    assert line.free
    assert line.question(5000) == "" and line.free


def test_a_veiled_line_sends_no_picture() -> None:
    class Driver:
        def __init__(self) -> None:
            self.sent: list[str] = []

        def write(self, data: str) -> None:
            self.sent.append(data)

    line = Wire()
    driver: Any = leaner(Driver, line)()  # type: ignore[arg-type, call-arg]
    line.veiled = True
    driver.write("\x1b[1;1Hempty")
    driver.write("\x1b[?25l")
    line.veiled = False
    driver.write("\x1b[1;1Hcurves")
    assert driver.sent == ["\x1b[?25l", "\x1b[1;1Hcurves"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A run whose process lives."""
    with standing_in(tmp_path / "far") as sleeper:
        yield RunFolder(tmp_path, "far").start(sleeper.pid).prepare().begin().train(1, 30)
        sleeper.kill()


async def test_on_a_busy_line_only_the_newest_picture_is_drawn_when_it_is_free(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=(80, 24)) as pilot:

        def text() -> str:
            return "".join(each.text for each in pilot.app.screen.query(Spans))

        await wait_until(pilot, lambda: "step 30" in text())
        app = pilot.app
        assert isinstance(app, Tunewright) and isinstance(app.screen, TrainScreen)
        app.wire.question(100_000)
        run.train(31, 60)
        screen = app.screen
        await wait_until(pilot, lambda: screen.known.step == 60)
        screen.show_all()
        assert "step 30" in text()
        app.on_cursor_position()
        await wait_until(pilot, lambda: "step 60" in text())
