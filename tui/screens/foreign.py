"""Curves that others wrote, on the screen of a run: they are drawn, and nothing can be done to them."""

from pathlib import Path

from engine.foreign import Foreign
from tui.screens.controls import CHANGING
from tui.screens.train import TrainScreen
from tui.watching import Watching

OURS = (*CHANGING, "results", "detach", "log", "pause")
"""What only a run of ours has."""


class ForeignScreen(TrainScreen):
    """Follows a file, or a folder with such files, that another program writes."""

    HELP = """Curves that another program wrote. They are read and never changed, and read anew when the file has grown.
    The faint line is every value, the bold one its smoothed course, and each ● a measure on test rows."""

    def __init__(self, path: Path) -> None:
        """Follow the curves at `path`; a Problem says that there are none."""
        super().__init__(path)
        self.watching = Watching(path, Foreign(path))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with curves alone."""
        return False if action in OURS else super().check_action(action, parameters)

    @property
    def called(self) -> str:
        """Return the end of the path: names such as trainer_state.json say little by themselves."""
        return "/".join(self.folder.absolute().parts[-2:])

    @property
    def keeps_in(self) -> Path:
        """Return the present folder: nothing is written beside what others wrote."""
        return Path.cwd()
