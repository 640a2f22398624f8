"""How a test sits before the program: opens it, reads the screen, waits for what it expects."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tui.app import Tunewright
from tui.widgets.keybar import KeyBar

PATIENCE = 20.0
SFT = {"goal": "sft", "model": {"id": "tiny-chat"}, "data": {"train": "support.jsonl"}}
EMBED = {"goal": "embed", "model": {"id": "minilm"}, "data": {"train": "pairs.jsonl"}}


@dataclass(frozen=True)
class Desk:
    """A working directory with everything that the wizard asks for."""

    folder: Path

    def app(self, answers: dict[str, Any] | None = None) -> Tunewright:
        """The program over this folder's runs."""
        return Tunewright(self.folder / "runs", answers=answers)


def text(app: Tunewright) -> str:
    """What stands on the screen now."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str = "") -> None:
    """Let the program work until something is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what or condition}:\n{text(pilot.app)}"  # type: ignore[arg-type]
        await pilot.pause()
        await asyncio.sleep(0.01)
    await pilot.pause()


async def sees(pilot: Pilot[None], *words: str) -> str:
    """Wait until all these words stand on the screen, wrapped or not, and return it."""

    def seen() -> bool:
        shown = text(pilot.app)  # type: ignore[arg-type]
        return all(word in shown or word in " ".join(shown.split()) for word in words)

    await until(pilot, seen, str(words))
    return text(pilot.app)  # type: ignore[arg-type]


async def at(pilot: Pilot[None], screen: str) -> None:
    """Wait until a screen is on top and stands still."""
    await until(pilot, lambda: type(pilot.app.screen).__name__ == screen, screen)


async def at_training(pilot: Pilot[None]) -> None:
    """Wait until a run is on top: its training, or its results where it has ended in the meantime."""
    shown = ("TrainScreen", "ResultsScreen")
    await until(pilot, lambda: type(pilot.app.screen).__name__ in shown, " or ".join(shown))


async def type_text(pilot: Pilot[None], words: str) -> None:
    """Type into the focused field."""
    names = {"/": "slash", ".": "full_stop", "-": "minus", " ": "space", "_": "underscore", ",": "comma"}
    await pilot.press(*(names.get(sign, sign) for sign in words))


def keys(app: Tunewright) -> list[tuple[str, str]]:
    """The keys that the footer offers, with their words."""
    return [(key.key, key.words) for key in app.screen.query_one(KeyBar).fitting()]


async def walk_to(pilot: Pilot[None], place: str, *, goal: str = "sft") -> None:
    """Answer the questions by keyboard, as a person in a hurry does, up to a screen."""
    app = pilot.app
    assert isinstance(app, Tunewright)
    app.new_run()
    await at(pilot, "GoalScreen")
    if place == "goal":
        return
    await pilot.press(*(["down"] if goal == "embed" else []), "enter")
    await at(pilot, "ModelScreen")
    await sees(pilot, "LoRA")
    if place == "model":
        return
    await pilot.press("enter")
    await at(pilot, "DataScreen")
    await sees(pilot, "newest first")
    if place == "data":
        return
    await pilot.press(*(["down"] if (goal == "sft") else []), "enter")
    await sees(pilot, "rows ·", "for the test")
    if place == "looked":
        return
    await pilot.press("enter")
    await at(pilot, "MethodScreen")
    await sees(pilot, "LoRA 16-bit")
    if place == "method":
        return
    await pilot.press("enter")
    await at(pilot, "PlanScreen")
    await sees(pilot, "Teach", "Memory")


async def open_at(pilot: Pilot[None], place: str) -> None:
    """Stand on a screen without the walk, everything that it does at the start being done."""
    app = pilot.app
    assert isinstance(app, Tunewright)
    given = {"goal": ("goal",), "model": ("goal",), "data": ("goal", "model")}.get(place, ("goal", "model", "data"))
    app.new_run({key: SFT[key] for key in given}, at={"looked": "data"}.get(place, place))
    signs = {"goal": "learn?", "model": "LoRA", "data": "newest first", "looked": "for the test", "method": "LoRA 16"}
    await sees(pilot, signs.get(place, "BASE_MODEL" if app.size.width > 100 else "Memory"))
    await sees(pilot, "Everything")
