"""Typing as a terminal sends it: many keys in one chunk, or a paste."""

from textual.pilot import Pilot

from tui.app import Tunewright
from tui.key_parser import PASTE, PASTED, KeyParser

LONG = '/data/it\'s my "best" set, dry run {1}/xqk warmup & dynamic [red]rows[/red] ' + "0123456789 abcdefg_" * 7
LONG = LONG[:199] + "z"
"""200 signs of a path, with every letter that is a key somewhere."""


def send(pilot: Pilot[None], text: str) -> None:
    """Hand over a chunk as the terminal's driver does, without waiting for anything."""
    parser = KeyParser()
    for event in [*parser.feed(text), *_rest(parser)]:
        event.set_sender(pilot.app)
        pilot.app.post_message(event)


def _rest(parser: KeyParser) -> list:
    if parser._timeout_time is None:
        return []
    parser._timeout_time = 0
    return list(parser.tick())


def paste(pilot: Pilot[None], text: str) -> None:
    """Hand over a bracketed paste."""
    send(pilot, f"{PASTE}{text}{PASTED}")


def app_of(pilot: Pilot[None]) -> Tunewright:
    """The program that is tested."""
    assert isinstance(pilot.app, Tunewright)
    return pilot.app
