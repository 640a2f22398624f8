"""Chunks from a terminal become the keys that were pressed, however they are torn."""

import pytest
from textual import events

from tui.key_parser import PASTE, PASTED, KeyParser


def read(*chunks: str) -> list[str]:
    """The keys and pastes of some chunks, with the last Esc given up."""
    parser = KeyParser()
    found = [event for chunk in chunks for event in parser.feed(chunk)]
    if parser._timeout_time is not None:
        parser._timeout_time = 0
        found += parser.tick()
    return [
        event.key if isinstance(event, events.Key) else getattr(event, "text", type(event).__name__) for event in found
    ]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1bd", ["escape", "d"]),
        ("\x1bD", ["escape", "D"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b\t", ["escape", "tab"]),
        ("\x1bn\x1b", ["escape", "n", "escape"]),
        ("\x1b/ab\x1bq", ["escape", "slash", "a", "b", "escape", "q"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1b[1;5Cq", ["ctrl+right", "q"]),
        ("\x1bOPx", ["f1", "x"]),
        ("\x1b[<0;3;4Mx", ["MouseDown", "x"]),
        (f"a{PASTE}x\x1bq\x1b[A y{PASTED}z", ["a", "x\x1bq\x1b[A y", "z"]),
        (f"{PASTE}a\x1b[3;12Rb{PASTED}", ["CursorPosition", "ab"]),
        (f"{PASTE}{PASTED}{PASTE}b\nc{PASTED}", ["", "b\nc"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_keys_are_those_that_were_pressed(typed: str, keys: list[str], size: int) -> None:
    assert read(*(typed[at : at + size] for at in range(0, len(typed), size))) == keys


def test_a_paste_that_never_ends_is_taken_as_it_is() -> None:
    parser = KeyParser()
    assert not list(parser.feed(f"{PASTE}some of it"))
    assert not list(parser.tick())
    parser._last -= 60
    assert [event.text for event in parser.tick()] == ["some of it"]  # type: ignore[attr-defined]
    assert [event.key for event in parser.feed("q")] == ["q"]  # type: ignore[attr-defined]


def test_a_paste_whose_first_sign_came_too_early_is_still_a_paste() -> None:
    parser = KeyParser()
    assert not list(parser.feed("\x1b"))
    parser._timeout_time = 0
    assert [event.key for event in parser.tick()] == ["escape"]  # type: ignore[attr-defined]
    found = list(parser.feed(f"[200~dy{PASTED}x"))
    assert [type(event).__name__ for event in found] == ["Paste", "Key"]
