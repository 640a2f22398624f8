"""The full-screen program: a table of contents of its screens, and what is true on all of them."""

import asyncio
import signal
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import get_current_worker

from tui import key_parser
from tui.ascii import Ascii, terminal_is_utf8
from tui.input_queue import HELD, InputQueue
from tui.line_filter import Harmless
from tui.text_target import to_text_field
from tui.theme import DARK, LIGHT, terminal_is_light
from tui.wire import Waiting, Wire, leaner
from tui.words import literal

if TYPE_CHECKING:
    from engine.machine import Machine


THREADS = 32
VEILED = 4.0  # seconds that the first picture waits at most for what was asked for


class Tunewright(App[None]):
    """The wizard over all runs of one folder; with `watch` it opens that run, with `answers` it opens on Plan."""

    TITLE = "tunewright"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]
    BINDINGS = [
        Binding("question_mark", "help", "Help", key_display="?", tooltip="What is this, and which keys work here"),
        Binding("f1", "help", "Help", key_display="F1", tooltip="What is this, and which keys work here"),
        Binding("ctrl+t", "toggle_light", "Light or dark", show=False, tooltip="Change between light and dark colours"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, tooltip="Leave; a training goes on"),
    ]

    machine: reactive["Machine | None"] = reactive(None)
    machine_line: reactive[str] = reactive("")

    @dataclass
    class MachineSeen(Message):
        """The machine has been looked at: its facts, and the same in one line."""

        machine: "Machine"
        line: str

    def __init__(
        self,
        runs: Path,
        watch: Path | None = None,
        answers: dict[str, Any] | None = None,
        *,
        read_only: bool = False,
        slow: bool = False,
        alarm: str | None = None,
        others: Sequence[Path] = (),
    ) -> None:
        """`runs` is the folder of all runs; `read_only`: nothing changes the one that is shown; `slow`: send less."""
        self.wire = Wire(slow=slow)
        super().__init__()
        self.input = InputQueue(self)
        self.read_only = read_only
        self.runs = runs
        self.opens = watch
        self.others = list(others)
        self.alarm = alarm
        self._looked = False
        self.answers = answers
        self.machine_seen = asyncio.Event()
        self.animation_level = "none"
        self._ascii = Ascii(enabled=not terminal_is_utf8())
        self._harmless = Harmless()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = LIGHT.name if terminal_is_light() else DARK.name

    def get_driver_class(self) -> type[Driver]:
        """Return the terminal's driver, on a line that is told apart from a fast one."""
        key_parser.install()
        return leaner(super().get_driver_class(), self.wire)

    async def on_event(self, event: events.Event) -> None:
        """Handle input in its turn, text in the text field of the screen."""
        if isinstance(event, HELD) and not event.is_forwarded:
            if self.input.holds(event):
                return
            to_text_field(self.screen, event)
        await super().on_event(event)

    async def push_screen_wait(self, screen: Screen[Any] | str, *, mode: str | None = None) -> Any:
        """Push a screen and return its result; what is typed meanwhile is for that screen."""
        self.input.asks(get_current_worker(), lambda: screen in self.screen_stack)
        return await super().push_screen_wait(screen, mode=mode)

    def on_cursor_position(self) -> None:
        """Hear from the terminal that it has seen the last picture, and draw what waits for that."""
        self.wire.answered()
        if isinstance(self.screen, Waiting):
            self.screen.line_is_free()

    def get_default_screen(self) -> Screen[Any]:
        """Return Home, which lies under everything else."""
        from tui.screens.home import HomeScreen

        return HomeScreen(self.runs, below=self.opens is not None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters that every line passes, the one for terminals without UTF-8 last."""
        return [*super().get_line_filters(), self._harmless, *([self._ascii] if self._ascii.enabled else [])]

    def get_key_display(self, binding: Binding) -> str:
        """Return how a key is written: as a sign, or as its name where the terminal has no such sign."""
        sign = super().get_key_display(binding)
        return binding.key if self._ascii.enabled and not sign.isascii() else sign

    def on_mount(self) -> None:
        """Open what was asked for, and look at the machine once the first screen is there, unless a run is shown."""
        # Every curve that is followed keeps a thread; on two cores there would be six for all of them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        if not self.is_headless:
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._asked_to_end, number)
        if self.opens is not None:
            self.wire.veiled = True
            self.set_timer(VEILED, self.unveil)
            self.open_run(self.opens)
            return
        if self.answers is not None:
            self.new_run(self.answers, at="plan")
        self.call_after_refresh(self.look_once)

    @on(Driver.SignalResume)
    def _went_on(self) -> None:
        """Draw everything anew: nobody knows what was on the terminal meanwhile."""
        self.screen.refresh()

    def unveil(self) -> None:
        """Show the first picture: what was asked for is on it."""
        if self.wire.veiled:
            self.wire.veiled = False
            self.screen.refresh()

    def look_once(self) -> None:
        """Look at the machine if nobody has: who only watches a run does not need to know it."""
        if not self._looked:
            self._looked = True
            self.look_at_machine()

    @work(thread=True, exclusive=True, exit_on_error=False, group="machine")
    def look_at_machine(self) -> None:
        """Find out what this machine has; the answer arrives as `MachineSeen`."""
        from engine.machine import describe, look

        machine = look(self.runs)
        self.post_message(self.MachineSeen(machine, describe(machine)))

    @on(MachineSeen)
    def _machine_seen(self, message: MachineSeen) -> None:
        self.machine_line, self.machine = message.line, message.machine
        self.machine_seen.set()

    def new_run(self, answers: dict[str, Any] | None = None, at: str = "goal") -> None:
        """Begin the conversation that ends with a plan, with what is answered already."""
        from tui.wizard import Wizard

        self.call_after_refresh(self.look_once)
        self.run_worker(Wizard(self, answers or {}).converse(at), group="wizard", exclusive=True)

    def repeat(self, folder: Path, change: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Open the plan of an earlier run, to change it and start it again; `change` holds fields changed already."""
        from engine.document import load
        from engine.fitting import altered
        from engine.problem import Problem

        try:
            self.new_run(altered(load(folder / "run.yaml"), change), at="repeat")
        except Problem as problem:
            self.notify(problem.sentence, severity="error", markup=False)

    @work(exclusive=True, group="open")
    async def open_run(self, folder: Path) -> None:
        """Show a run: its training as it goes, or its results when it is completed."""
        from engine.listing import glance
        from engine.run import state
        from engine.run_folder import is_run

        if len(self.others) > 1:
            from tui.screens.compare import CompareScreen

            others, self.others = self.others, []
            await self.push_screen(CompareScreen(others))
            self.call_after_refresh(self.unveil)
            return
        if not is_run(folder):
            from tui.screens.foreign import ForeignScreen

            await self.push_screen(ForeignScreen(folder))
            return
        known = await asyncio.to_thread(glance, folder)
        screen: Screen[Any]
        if state(folder, known) == "completed" and known.results is not None:
            from tui.screens.results import ResultsScreen

            screen = ResultsScreen(folder)
            self.call_after_refresh(self.unveil)
        else:
            from tui.screens.train import TrainScreen

            screen = TrainScreen(folder, read_only=self.read_only)
        await self.push_screen(screen)

    def action_help(self) -> None:
        """Show what the focused thing is for, with the keys that work there."""
        from tui.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_command_palette(self) -> None:
        """Show the list of all commands."""
        from tui.command_palette import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(id="--command-palette"))

    def action_toggle_light(self) -> None:
        """Change between the light and the dark theme."""
        self.theme = DARK.name if self.theme == LIGHT.name else LIGHT.name

    async def action_quit(self) -> None:
        """Leave; a training that goes on is named, with the way back to it."""
        await self._leave(0)

    def _asked_to_end(self, number: int) -> None:
        """Leave as by a key, with the terminal as it was: a signal came from another program."""
        self.run_worker(self._leave(128 + number), group="leave", exclusive=True)

    async def _leave(self, status: int) -> None:
        said = await asyncio.to_thread(self._still_going)
        self.exit(return_code=status, message=Text(literal(said), no_wrap=True, overflow="ignore") if said else None)

    def _still_going(self) -> str | None:
        if not self.runs.is_dir():
            return None
        from engine.listing import listing

        names = [summary.name for summary in listing(self.runs) if summary.state == "running"]
        if not names:
            return None
        many = "These trainings go on" if len(names) > 1 else "This training goes on"
        return f"{many}: {', '.join(names)}. Come back with: tunewright watch {names[0]}"

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield every action of this screen, then those of the program."""
        seen = set()
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            matters = binding.description and enabled and (binding.show or tooltip)
            if matters and binding.action not in seen:
                seen.add(binding.action)
                title = f"{binding.description}  ({self.get_key_display(binding)})"
                yield SystemCommand(title, tooltip, partial(self.run_action, binding.action, node))
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
