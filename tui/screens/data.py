"""Data: what is learned from; a look at the file, roles for its columns, and some rows kept for the test."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.worker import get_current_worker

from engine.data import DataFacts, DataProblem, look
from engine.data.checks import Asked, check, together
from engine.problem import Problem
from engine.token_lengths import AnyTokens
from engine.token_report import tokens_of
from tui.found import found, stops
from tui.nearby import data_files, file_line
from tui.screens.step import Step
from tui.several import Given, meant, written
from tui.widgets.choices import Choice, Choices
from tui.widgets.entry import PathEntry, PathSuggester, clean_path
from tui.widgets.mapping import Mapping
from tui.widgets.remedies import DROPPABLE, Remedies
from tui.widgets.rows import Rows
from tui.widgets.trouble import Trouble
from tui.words import literal, place


class DataScreen(Step):
    """The third question."""

    CSS_PATH = ["step.tcss", "data.tcss"]
    PLACE = "Data"
    HELP = (
        "The rows that are learned from. Enter looks at the file and shows what is in it; then say which column plays "
        "which role, if the guess is wrong, and Enter goes on. Several files with + between them are learned as tasks "
        "of their own, each measured by itself; a.jsonl * 2 + b.jsonl takes twice as much from the first."
    )
    BINDINGS = [
        Binding("ctrl+n", "go_on", "Go on", tooltip="Take these rows and go on to the method"),
        Binding("ctrl+o", "tokens", "Tokens", tooltip="See rows as the model will see them, with what is trained on"),
        Binding("ctrl+b", "problems", "Problems", tooltip="Go to what is wrong with the rows, and say what is done"),
    ]
    entry = getters.query_one("#path", PathEntry)
    mapping = getters.query_one(Mapping)

    @dataclass
    class Nearby(Message):
        """Data files below the working directory, newest first."""

        files: list[tuple[Path, int]]

    @dataclass
    class Seen(Message):
        """A data set was looked at, or `problem` says what is wrong."""

        given: Given
        facts: DataFacts | None = None
        problem: Problem | None = None

    @dataclass
    class Checked(Message):
        """All rows were looked at a second time: what is wrong with them for the goal."""

        facts: DataFacts
        problems: tuple[DataProblem, ...]
        tokens: AnyTokens | None

    @dataclass
    class Counted(Message):
        """So many rows are counted by now."""

        rows: int

    def question(self) -> ComposeResult:
        """Yield the field, what lies nearby, and room for what is found."""
        with Vertical(id="body"):
            yield Static("What should it learn from?", classes="heading")
            yield PathEntry(
                self.draft("path", written(self.wizard.said("data.train")) if self.wizard.said("data.train") else ""),
                id="path",
                placeholder="a file (jsonl, json, csv, tsv, parquet, txt), a folder, or a hub id",
                suggester=PathSuggester(),
                help="The path of your data. Tab completes it; quotes and spaces do no harm; ~ is your home.",
            )
            yield Trouble()
            yield Static("", id="state", classes="hint")
            yield Choices(id="nearby")
            with Vertical(id="found"):
                yield Mapping(id="mapping")
                yield Remedies()
                yield Rows()

    def on_mount(self) -> None:
        """Look at what was given before, or for files nearby."""
        self.entry.focus()
        if self.wizard.complaint:
            self.complain(self.wizard.complaint, self.entry)
            self.wizard.complaint = ""
        elif self.wizard.data is not None and self._is_answered():
            self.show(self.wizard.data)
        self.app.input.wait_for(self.find_nearby(), text=False)

    @work(thread=True, exclusive=True, exit_on_error=False, group="nearby")
    def find_nearby(self) -> None:
        """Look for data files below the working directory; they arrive as `Nearby`."""
        self.post_message(self.Nearby(data_files(Path.cwd())))

    @on(Nearby)
    def _nearby(self, message: Nearby) -> None:
        nearby = self.query_one("#nearby", Choices)
        width = max((len(place(path)) for path, _ in message.files), default=0)
        nearby.offer([Choice(str(path), partial(file_line, path, count, width)) for path, count in message.files])
        if message.files and not self.entry.value:
            self.query_one("#state", Static).update("in this folder, newest first")
            nearby.focus()

    @on(OptionList.OptionSelected, "#nearby")
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.entry.value = place(str(event.option_id))
        self.entry.focus()
        self.take(str(event.option_id))

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        self.take(clean_path(event.value))

    def _is_answered(self) -> bool:
        """Return whether the field says what was looked at: another name in it is never passed over."""
        said = self.wizard.said("data.train")
        return bool(said) and self._meant(clean_path(self.entry.value)) == said

    def _meant(self, typed: str) -> Given:
        with suppress(Problem):  # the look says what is wrong with it
            return meant(typed, self.wizard.said("data.train", ""))
        return typed

    def take(self, path: str) -> None:
        """Look at a path, or go on when it has been looked at already."""
        self.query_one(Trouble).say()
        given = self._meant(path)
        if self.has_class("-found") and self.wizard.said("data.train") == given:
            self.action_go_on()
            return
        self.query_one("#state", Static).update(Content(f"looking at {literal(path, 60)} …"))
        self.app.input.wait_for(self.look(given))

    @work(thread=True, exclusive=True, exit_on_error=False, group="look")
    def look(self, given: Given) -> None:
        """Look at a data set; the answer arrives as `Seen`."""
        worker = get_current_worker()

        def tell(news: DataFacts | int) -> None:
            if worker.is_cancelled:
                raise Problem("nobody waits for this any more")
            self.post_message(self.Counted(news) if isinstance(news, int) else self.Seen(given, news))

        try:
            tell(look(given, tell))
        except Problem as problem:
            if not worker.is_cancelled:
                self.post_message(self.Seen(given, None, problem))

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        if message.facts is None:
            self.remove_class("-found")
            self.query_one("#state", Static).update("")
            self.complain(message.problem.sentence if message.problem else "", self.entry)
            return
        if message.given != self.wizard.said("data.train"):
            for dotted in ("data.columns", "data.group", "data.drop", "data.convert", "data.files", "data.test"):
                self.wizard.forget(dotted)
        self.wizard.answer("data.train", message.given)
        self.wizard.data = message.facts
        self.show(message.facts)

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        known = self.wizard.data
        if known is not None and known.counted is not None:
            self.wizard.data = replace(known, counted=message.rows, rows=max(known.rows, message.rows))
            self.query_one("#state", Static).update(Content(f"✓ {literal(found(self.wizard.data))}"))

    def show(self, facts: DataFacts) -> None:
        """Show what was found: how many rows of what, their roles, three of them, and what is wrong."""
        self.add_class("-found")
        self.query_one("#state", Static).update(Content(f"✓ {literal(found(facts))}"))
        self.mapping.display = not facts.parts  # each task has columns of its own
        self.mapping.offer(str(self.wizard.said("goal")), facts, self.wizard, self.draft("share"))
        self.query_one(Rows).show(facts, self.mapping.columns(), self.mapping.convert)
        self.show_problems(facts.problems)
        if facts.counted is None:
            self.check(facts, Asked(str(self.wizard.said("goal")), group=self.wizard.said("data.group") or ""))
        self.refresh_bindings()

    @work(thread=True, exclusive=True, exit_on_error=False, group="check")
    def check(self, facts: DataFacts, asked: Asked) -> None:
        """Look at every row for what is wrong with it for the goal; the answer arrives as `Checked`."""
        worker = get_current_worker()

        def tell(_: int) -> None:
            if worker.is_cancelled:
                raise InterruptedError

        try:
            found = check(facts, asked, tell)
        except InterruptedError:
            return
        tokens = tokens_of(asked.goal, self.wizard.model, facts) if self.wizard.model else None
        self.post_message(self.Checked(facts, together(facts.problems, found), tokens))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if message.facts is self.wizard.data:
            self.query_one("#state", Static).update(Content(f"✓ {literal(found(message.facts, message.tokens))}"))
            self.show_problems(message.problems)

    def show_problems(self, problems: tuple[DataProblem, ...]) -> None:
        """Show what is wrong, each with what will be done about it."""
        self.query_one(Remedies).show(problems, self._remedies())
        self.refresh_bindings()

    def _remedies(self) -> dict[str, str]:
        """Return the remedies that were chosen before, by the code of the problem."""
        chosen, group = dict.fromkeys(self.wizard.said("data.drop") or (), "drop"), self.wizard.said("data.group")
        return chosen if group is None else {**chosen, "shared_document": "split" if group else "keep"}

    @on(Remedies.Chosen)
    def _remedy(self, message: Remedies.Chosen) -> None:
        """Write a remedy down as the fields that carry it out."""
        code, data = message.problem.code, self.wizard.data
        if code == "shared_document" and data is not None:
            group = data.groups[0] if message.remedy == "split" else ""
            self.mapping.keep_together(group)
            self.wizard.answer("data.group", group)
        elif code in DROPPABLE:
            others = [each for each in self.wizard.said("data.drop") or () if each != code]
            self.wizard.settle("data.drop", [*others, code] if message.remedy == "drop" else others or None)
        self.show_problems(tuple(self.query_one(Remedies).problems))

    @on(Mapping.Changed)
    def _roles_changed(self, message: Mapping.Changed) -> None:
        """Keep the roles as they are, complete or not, so that they are still there after a way back."""
        self.wizard.settle("data.columns", message.columns or None)
        self.wizard.settle("data.group", message.group)
        if self.wizard.data is not None:
            self.wizard.settle("data.convert", message.convert)
            self.query_one(Rows).show(self.wizard.data, message.columns, self.mapping.convert)
            self.show_problems(tuple(self.query_one(Remedies).problems))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer tokens only of rows that were looked at, and problems where there are any."""
        if action == "problems":
            return self.has_class("-found") and bool(self.query_one(Remedies).problems)
        return action != "tokens" or self.has_class("-found")

    def action_problems(self) -> None:
        """Go to the problems, where one key each says what is done about them."""
        self.query_one(Remedies).focus()

    def action_tokens(self) -> None:
        """Show rows as the model will see them with these roles; the guide chooses what is not answered yet."""
        from tui.planning import timed
        from tui.screens.tokens import TokensScreen

        answers = {} if self.wizard.data is not None and self.wizard.data.parts else self.mapping.answers()
        if answers is None:
            return
        for dotted, value in answers.items():
            self.wizard.settle(dotted, value)
        self.app.push_screen(TokensScreen(lambda: timed(self.wizard.recommend())))

    def action_go_on(self) -> None:
        """Write the roles and the test share down and go on, unless something is missing."""
        if self.wizard.data is None or not self.has_class("-found") or not self._is_answered():
            self.take(clean_path(self.entry.value))
            return
        kept = (each for each in self.wizard.data.problems if each.code not in (self.wizard.said("data.drop") or ()))
        broken = next(filter(stops, kept), None)
        if broken is not None:
            self.complain(f"{broken.message}; {broken.advice or 'mend the rows first'}", self.entry)
            if broken.remedies:
                self.query_one(Remedies).focus()
            return
        if self.wizard.data.parts and self.wizard.said("goal") != "sft":
            self.complain("only examples to answer like (the goal sft) are learned as several tasks", self.entry)
            return
        answers = {} if self.wizard.data.parts else self.mapping.answers()
        if answers is None:
            return
        for dotted, value in answers.items():
            self.wizard.settle(dotted, value)
        self.leave("method")
