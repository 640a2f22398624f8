"""Writing a file that a person asked for: where, and never over another one without a question."""

import asyncio
from pathlib import Path
from typing import Any

from textual.app import App

from engine.problem import Problem
from engine.typed_path import typed_path
from tui.planning import write_text
from tui.screens.ask import Ask, Sure
from tui.widgets.entry import clean_path
from tui.words import place


async def keep(app: App[Any], title: str, name: str, text: str, drafts: dict[str, str]) -> None:
    """Ask where to, and write; must run in a worker. Esc on the way leaves everything as it was."""
    answer: str | None = name
    trouble = ""
    while True:
        ask = Ask(title, "Where to?", answer or "", path=True, trouble=trouble, drafts=drafts)
        answer = await app.push_screen_wait(ask)
        if answer is None:
            return
        try:
            target = _target(answer, name)
        except Problem as problem:
            trouble = problem.sentence
            continue
        lost = f"{place(target)} exists already; what it holds now would be lost."
        if target.exists() and not await app.push_screen_wait(Sure("Replace the file?", lost)):
            continue
        try:
            await asyncio.to_thread(write_text, target, text)
        except Problem as problem:
            trouble = problem.sentence
            continue
        app.notify(f"written to {place(target)}", markup=False)
        return


def _target(answer: str, name: str) -> Path:
    path = typed_path(clean_path(answer) or name)
    return path / name if path.is_dir() else path
