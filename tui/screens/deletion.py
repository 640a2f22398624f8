"""Deleting runs from a list of them: to the trash, back from it, and for good."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual import getters, work
from textual.screen import Screen

from engine.problem import Problem
from tui.app import Tunewright
from tui.widgets.figures import plural
from tui.widgets.progress import GOING
from tui.widgets.runs_table import RunsTable
from tui.words import literal, place, size


class Deletion(Screen[None]):
    """A screen that lists runs and lets them be deleted; `deleted` names those that can be brought back from here."""

    app = getters.app(Tunewright)
    table = getters.query_one(RunsTable)

    def __init__(self, root: Path) -> None:
        """The runs lie below `root`."""
        super().__init__()
        self.root = root
        self.deleted: list[str] = []

    @abstractmethod
    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Tell what came of it, from any thread."""

    @work
    async def action_delete(self) -> None:
        """Move the chosen run to the trash, after one question that names what goes with it."""
        from tui.screens.ask import Sure

        chosen = self.table.chosen
        if chosen is None:
            return
        if chosen.state in GOING:
            self.say(f"{chosen.name} goes on; open it and stop it first.", wrong=True)
        elif await self.app.push_screen_wait(Sure(f"Delete {literal(chosen.name)}?", losses(chosen.folder))):
            self._do(partial(self._delete, chosen.folder))

    def action_undo(self) -> None:
        """Bring back the run that was deleted last."""
        if self.deleted:
            self._do(self._restore)

    @work
    async def action_empty_trash(self) -> None:
        """Remove the deleted runs for good, after one question that names their room."""
        from engine.trash import listing
        from tui.screens.ask import Sure

        found = await asyncio.to_thread(listing, self.root)
        room = size(sum(deleted.bytes for deleted in found))
        text = f"{plural(len(found), 'deleted run')} and {room} will be gone for good. This cannot be undone."
        if not found:
            self.say("The trash is empty.")
        elif await self.app.push_screen_wait(Sure("Empty the trash?", text)):
            self._do(self._empty)

    def _do(self, act: Callable[[], str]) -> None:
        """Change something; the next key waits until it is done."""
        self.app.input.wait_for(self._change(act))

    @work(thread=True, group="change")
    def _change(self, act: Callable[[], str]) -> None:
        """Change something on the disk, and say below the list what came of it."""
        try:
            self.say(act())
        except (Problem, OSError) as problem:
            self.say(str(problem), wrong=True)

    def _delete(self, folder: Path) -> str:
        from engine.trash import delete

        self.deleted.append(delete(self.root, folder).name)
        return f"{folder.name} is deleted; u brings it back. Its room is free once the trash is emptied (E)."

    def _restore(self) -> str:
        from engine.trash import restore

        name = self.deleted.pop()
        try:
            folder = restore(self.root, name)
        except OSError:  # it is still in the trash; a Problem says that it is there no more
            self.deleted.append(name)
            raise
        return f"{folder.name} is back."

    def _empty(self) -> str:
        from engine.trash import empty

        freed = empty(self.root)
        self.deleted.clear()
        return f"The trash is empty: {size(freed)} are free again."


def losses(folder: Path) -> str:
    """Return what goes with a run: its model, its checkpoints and its curves, and how much room they take."""
    from engine.trash import size as size_of

    checkpoints = len(list((folder / "output").glob("checkpoint-*")))
    parts = ["its tuned model"] if (folder / "output" / "model").is_dir() else []
    parts += [plural(checkpoints, "checkpoint")] if checkpoints else []
    parts += ["its script, curves and log"]
    room = f"{size(size_of(folder))} in {place(folder)}"
    return f"{', '.join(parts)} go to the trash: {room}. u brings them back; the room is free once it is emptied."
