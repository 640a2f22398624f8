"""A completed run: before and after, samples, and how to use and repeat it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen

from engine import findings, run_folder
from engine import run as runs
from engine.problem import Problem
from engine.safe_files import read
from tui.app import Tunewright
from tui.screens.text import TextScreen
from tui.screens.train import TrainScreen
from tui.widgets.keybar import KeyBar
from tui.widgets.outcome import headline, page
from tui.widgets.spans import Part, Spans
from tui.words import place, size


class ResultsScreen(Screen[None]):
    """Shows what a run's last event tells, and leads on from there."""

    CSS_PATH = "results.tcss"
    HELP = """What the training changed, measured on rows that were never trained on. The percentages compare with the
    model as it was before; for a loss less is better, for nDCG@10 more. The samples answer the same prompts."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "repeat", "Repeat", tooltip="Open this run's plan, change it and start it again"),
        Binding("x", "script", "Script", tooltip="The Python script that did it"),
        Binding("f", "files", "Files", tooltip="Everything that the run left on the disk"),
        Binding("v", "curves", "Curves", tooltip="The curves of the training"),
        Binding("escape", "back", "Home", tooltip="Back to the runs"),
    ]

    app = getters.app(Tunewright)

    @dataclass
    class Found(Message):
        """The results have been read."""

        results: dict[str, Any] | None
        method: str
        edited: bool

    def __init__(self, folder: Path) -> None:
        """Show the run in `folder`."""
        super().__init__()
        self.folder = folder
        self.found: ResultsScreen.Found | None = None

    def compose(self) -> ComposeResult:
        """Yield the title, the page and the keys."""
        yield Spans(id="heading")
        with VerticalScroll():
            yield Spans(id="page")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the results."""
        self.query_one(VerticalScroll).focus()
        self.read()

    @work(thread=True, exclusive=True)
    def read(self) -> None:
        """Find the results in the run's events."""
        finished = runs.history(self.folder).finished or {}
        results = finished.get("results")
        beside = {name: finished.get(name) for name in ("proof", "memory")}
        told = [findings.sentence(each) for each in findings.kept(self.folder)]
        found = {**results, **beside, "found": told} if isinstance(results, dict) else None
        self.post_message(self.Found(found, _method(self.folder), run_folder.is_edited(self.folder)))

    @on(Found)
    def _found(self, message: Found) -> None:
        self.found = message
        self.show()

    def on_resize(self) -> None:
        """Fit the page to the new width."""
        self.show()

    def show(self) -> None:
        """Show what was found."""
        if self.found is None:
            return
        width, results = self.app.size.width, self.found.results
        title = headline(self.folder.name, results or {}, edited=self.found.edited, width=width)
        nothing = [
            (Part("  This run has no results: it was not completed. "), Part("v", "accent"), Part(" shows how far."))
        ]
        self.query_one("#heading", Spans).show(title)
        self.query_one("#page", Spans).show(nothing if results is None else page(results, self.found.method, width - 2))

    def action_repeat(self) -> None:
        """Open the plan of this run."""
        self.app.repeat(self.folder)

    def action_script(self) -> None:
        """Show train.py."""
        try:
            text = read(self.folder / "train.py", run_folder.LARGEST_SCRIPT).decode("utf-8", "replace")
        except OSError as error:
            text = f"The script can't be read ({error.strerror})."
        self.app.push_screen(TextScreen(f"{place(self.folder / 'train.py')} · python train.py does it again", text))

    def action_files(self) -> None:
        """List what is in the run's folder."""
        self.app.push_screen(TextScreen(place(self.folder), "\n".join(_files(self.folder))))

    def action_curves(self) -> None:
        """Show how it went."""
        self.app.switch_screen(TrainScreen(self.folder, read_only=self.app.read_only))

    def action_back(self) -> None:
        """Go back to the runs."""
        self.dismiss()


def _method(folder: Path) -> str:
    try:
        return run_folder.load(folder).method.kind
    except Problem:
        return ""


def _files(folder: Path) -> list[str]:
    known = {
        "run.yaml": "the complete run; tunewright run run.yaml repeats it",
        "train.py": "the script that trained; python train.py does it again, without tunewright",
        "requirements.txt": "the versions that the script ran with",
        "launch.sh": "the same as one command",
        "events.jsonl": "every measured point",
        "log.txt": "what the libraries printed",
        "output/results.json": "the results, for programs",
        "output/model/README.md": "the model's card",
    }
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [str(path.relative_to(folder)) for path in files]
    wide = max(map(len, names), default=0)
    return [
        f"{_room(path.stat().st_size):>10}  {name:<{wide}}  {known.get(name, '')}"
        for path, name in zip(files, names, strict=True)
    ]


def _room(number: int) -> str:
    return size(number) if number >= 1024 else f"{number} B"
