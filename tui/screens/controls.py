"""What can be asked of a run on its screen: save, measure, stop in three ways, end earlier."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import getters, on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from engine import control
from engine import run as runs
from engine.history import History
from engine.problem import Problem
from tui.app import Tunewright
from tui.screens.looking import Looking
from tui.widgets.figures import count
from tui.widgets.progress import GOING
from tui.words import literal

CHANGING = ("resume", "change", "stop", "save", "evaluate", "stop_next", "kill", "epochs")
"""Actions that a screen that only looks on does not offer."""


class Controls(Looking):
    """A screen on which one run is steered; every request is a file or a signal, and is answered below the curves."""

    app = getters.app(Tunewright)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "save", "Save now", show=False, tooltip="A checkpoint after this step; it goes on"),
        Binding("e", "evaluate", "Evaluate now", show=False, tooltip="Measure on the test rows after this step"),
        Binding("n", "stop_next", "Stop at evaluation", show=False, tooltip="Stop and save after the next evaluation"),
        Binding("X", "kill", "Kill", show=False, tooltip="End it at once; what came after the last checkpoint is lost"),
        Binding("c", "change", "Make it fit", tooltip="A new run with the change that fits by the prediction"),
        Binding("o", "epochs", "Fewer epochs", show=False, tooltip="Let it end earlier, where that is safe"),
    ]

    @dataclass
    class Answered(Message):
        """What came of something that was asked of the run."""

        sentence: str
        wrong: bool = False

    @dataclass
    class NotAgreed(Message):
        """What was asked for would run code that the person has not agreed to."""

        act: Callable[[Path], str | None]

    @dataclass
    class NotAsBefore(Message):
        """The run can be resumed, but not with the rows and settings that it had."""

        what: str

    folder: Path
    state: runs.State | None
    read_only: bool

    @property
    @abstractmethod
    def known(self) -> History:
        """Return the run's history."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer each key only where it means something."""
        if self.read_only and action in CHANGING:
            return False
        going = self.state in GOING
        training = going and self.known.begun is not None
        offered = {
            **dict.fromkeys(("stop", "detach", "pause", "kill"), going),
            **dict.fromkeys(("save", "evaluate", "stop_next"), training),
            "epochs": training and not self.known.is_command,
            "results": self.state == "completed" and self.known.results is not None,
            "change": bool(self.change()),
            "resume": self.state in ("died", "failed", "stopped", "created") and not self.known.is_command,
        }
        return offered.get(action, True)

    def action_save(self) -> None:
        """Ask for a checkpoint."""
        self.ask_of_run(partial(control.ask, request="save"))

    def action_evaluate(self) -> None:
        """Ask for an evaluation."""
        self.ask_of_run(partial(control.ask, request="evaluate"))

    def action_stop_next(self) -> None:
        """Ask it to stop when it has measured itself the next time."""
        self.ask_of_run(partial(control.ask, request="stop_at_evaluation"))

    @work
    async def action_stop(self) -> None:
        """Ask once, then let the training finish its step, save and end."""
        from tui.screens.ask import Sure  # half a tenth of a second that the first picture need not wait for

        if await self.app.push_screen_wait(Sure("Stop this training?", self._what_stopping_costs())):
            self.ask_of_run(runs.stop)

    def _what_stopping_costs(self) -> str:
        if self.known.begun is None or self.known.phase == "saving":
            return f"It is busy with: {self.known.phase or 'starting'}. It ends at once, and that has to be done again."
        return f"It finishes step {count(self.known.step + 1)}, saves a checkpoint and ends; r goes on later."

    @work
    async def action_kill(self) -> None:
        """Ask once, then end it at once."""
        from tui.screens.ask import Sure

        if await self.app.push_screen_wait(Sure("Kill this training?", self._what_killing_costs())):
            self.ask_of_run(partial(runs.stop, hard=True))

    def _what_killing_costs(self) -> str:
        saved = max((entry["step"] for entry in self.known.checkpoints), default=None)
        if saved is None:
            return "Nothing has been saved: all that it learned is lost. s stops it with a checkpoint instead."
        lost = count(max(0, self.known.step - saved))
        return (
            f"What it learned in the {lost} steps after the checkpoint of step {count(saved)} is lost. s saves first."
        )

    @work
    async def action_epochs(self) -> None:
        """Ask for a smaller number of epochs; what can't be done safely is refused with the reason."""
        from tui.screens.ask import Ask

        def settle(answer: str) -> str:
            try:
                epochs = float(answer)
            except ValueError:
                raise Problem(f"'{answer}' is no number", advice="type a number of epochs, such as 2") from None
            return control.shorten(self.folder, epochs)

        planned = (self.known.begun or {}).get("epochs")
        text = f"Planned: {planned}. Only a constant learning rate lets a run end earlier as if it had been planned so."
        said = await self.app.push_screen_wait(Ask("After how many epochs shall it end?", text, settle=settle))
        if said is not None:
            self.post_message(self.Answered(f"The run {said}."))

    def action_change(self) -> None:
        """Open the plan of a new run that is like this one, with the change that fits by the prediction."""
        self.app.repeat(self.folder, self.change())

    def change(self) -> dict[str, Any]:
        """Return the change that fits, of a run whose memory ran out or that was killed, as it is for its memory."""
        if self.state == "died":
            from engine.fitting import remembered

            return remembered(self.folder)
        return (self.known.failed or {}).get("change", {}) if self.state == "failed" else {}

    def action_resume(self) -> None:
        """Go on from the last checkpoint, in the same run."""
        self.ask_of_run(runs.launch if self.state == "created" else runs.resume)

    @work(thread=True, group="ask")
    def ask_of_run(self, act: Callable[[Path], str | None]) -> None:
        """Do something to the run; what it will do, or why it can't be done, is shown below the curves."""
        try:
            said = act(self.folder)
        except (Problem, OSError) as problem:
            if isinstance(problem, Problem) and problem.code == "changed":
                self.post_message(self.NotAsBefore(problem.what))
            elif isinstance(problem, Problem) and problem.code == "consent":
                self.post_message(self.NotAgreed(act))
            else:
                self.post_message(self.Answered(str(problem), wrong=True))
        else:
            if said:
                self.post_message(self.Answered(f"The run {said}."))

    @on(NotAgreed)
    @work
    async def _ask_about_code(self, message: NotAgreed) -> None:
        from tui.screens.consent import consented

        try:
            await consented(self.app, partial(runs.allowed, self.folder))
        except Problem as problem:
            self.post_message(self.Answered(problem.sentence, wrong=True))
        else:
            self.ask_of_run(message.act)

    @on(NotAsBefore)
    @work
    async def _ask_about_changes(self, message: NotAsBefore) -> None:
        from tui.screens.ask import Sure

        text = f"{literal(message.what)}. The steps to come are then others than planned."
        if await self.app.push_screen_wait(Sure("Go on with what has changed?", text)):
            self.ask_of_run(partial(runs.resume, force=True))

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.tell(message.sentence, wrong=message.wrong)
