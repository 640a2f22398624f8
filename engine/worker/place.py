"""The place of a run's folder, which somebody may move or remove while the run trains."""

import os
from contextlib import suppress
from pathlib import Path

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class FolderLost(Exception):
    """The run's folder is no longer where its script writes to."""


class Place(TrainerCallback):
    """Ends a training whose folder is no longer at its path: the script would make a second one there."""

    def __init__(self, folder: Path) -> None:
        """Hold the folder open, wherever it will be."""
        self.folder, self.held = folder, os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def on_phase(self, name: str) -> None:
        """Look at the beginning of a phase."""
        self.check()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """Look before anything is saved."""
        self.check()

    def check(self) -> None:
        """Raise FolderLost when the folder is gone from its path."""
        with suppress(FileNotFoundError, NotADirectoryError):
            if os.path.samestat(self.folder.stat(), os.fstat(self.held)):
                return
        now = str(Path(f"/proc/self/fd/{self.held}").readlink())
        where = "it was removed" if now.endswith(" (deleted)") else f"it is {now} now"
        raise FolderLost(f"the run's folder {self.folder} was taken away while it trained: {where}")
