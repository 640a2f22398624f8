"""Those who count rows on their way to the model: conversations, repeated prompts, labels that are none."""

from collections import Counter
from typing import Any

from engine.data.audit import Auditor, Way
from engine.data.checks.finding import Finding
from engine.data.checks.row import text_of
from engine.data.facts import DataProblem, Severity
from engine.data.jsons import Row
from engine.data.kinds import kind_of
from engine.data.labels import plain_label
from engine.data.thinking import has_thinking
from engine.data.uses import repeats

ANSWERED = ("completion", "output", "chosen", "rejected")
"""Roles that hold an answer of the assistant."""


def auditors(way: Way) -> list[Auditor]:
    """Return those that have something to count on this way."""
    found: list[Auditor] = []
    if {"messages", *ANSWERED} & set(way.columns):
        found += [Talks(way), Parts(way), Thinking(way)]
    if "prompt" in way.columns and {*ANSWERED} & set(way.columns):
        found.append(Repeats(way))
    if way.no_label or (way.goal == "classify" and "label" in way.columns):
        found.append(Labels(way))
    return found


def turns(value: Any) -> list[Row]:
    """Return the turns of a conversation; nothing where a value is none."""
    if not isinstance(value, list) or not all(isinstance(turn, dict) and "role" in turn for turn in value):
        return []
    return value


def is_silent(turn: Row) -> bool:
    """Return whether the assistant says nothing in a turn and calls no tool."""
    return turn["role"] == "assistant" and not text_of(turn.get("content")).strip() and not turn.get("tool_calls")


class Talks:
    """Counts turns of the assistant in which nothing is said, and texts that begin like a talk and are none."""

    def __init__(self, way: Way) -> None:
        self._way, self._silent, self._lost, self._unread = way, Finding(), Finding(), Finding()
        self._rows = 0

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:
        """Look at one row."""
        self._rows += 1
        if self._way.convert == "chats" and not rows and not _not_text(raw):
            self._unread.add(number)
        for row in rows:
            talks = [
                turns(row.get(self._way.columns[role])) for role in ("messages", *ANSWERED) if role in self._way.columns
            ]
            if any(is_silent(turn) for talk in talks for turn in talk):
                self._silent.add(number)
                answers = [[turn for turn in talk if turn["role"] == "assistant"] for talk in talks]
                if any(talk and all(map(is_silent, talk)) for talk in answers):
                    self._lost.add(number)

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found."""
        lost = f"; {self._lost.count:,} of these rows hold no other answer and are left out" if self._lost.count else ""
        what = f"{self._silent.count:,} {many} hold a turn of the assistant that says nothing"
        unread = f"{self._unread.count:,} {many} hold a conversation written as text that can't be read"
        severity: Severity = "wrong" if self._lost.count == self._rows else "warning"
        return [
            *self._silent.problem("empty_answer", what, f"such turns are not learned{lost}", ("keep",), severity),
            *self._unread.problem("unread_chat", unread, "they are left out; write them as JSON", ("keep",)),
        ]


def _not_text(raw: Row) -> list[str]:
    """Return the types of the parts of a conversation that hold no text."""
    talk = [turn for value in raw.values() if isinstance(value, list) for turn in value if isinstance(turn, dict)]
    contents = (turn.get("content", turn.get("value")) for turn in talk)
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    texts = ("text", "value", "thinking")
    return [str(part.get("type", "?")) for part in parts if not any(isinstance(part.get(key), str) for key in texts)]


class Parts:
    """Counts rows whose conversations hold pictures, sounds, or other parts that are no text."""

    def __init__(self, way: Way) -> None:
        self._on, self._found, self._rows = way.convert == "chats", Finding(), 0
        self._types: Counter[str] = Counter()

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:  # noqa: ARG002
        """Look at one row."""
        self._rows += 1
        types = _not_text(raw) if self._on else []
        if types:
            self._found.add(number)
            self._types.update(set(types))

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found."""
        kinds = ", ".join(name for name, _ in self._types.most_common(3))
        what = f"{self._found.count:,} {many} hold parts that are no text ({kinds})"
        advice = "only text is trained on, so these rows are left out; remove the parts to learn the text alone"
        severity: Severity = "wrong" if self._found.count == self._rows else "warning"
        return self._found.problem("not_text", what, advice, ("drop",), severity)


class Thinking:
    """Counts rows in which the assistant thinks before it answers."""

    def __init__(self, way: Way) -> None:
        self._columns, self._found = way.columns, Finding()

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:  # noqa: ARG002
        """Look at one row."""
        if any(has_thinking(row, self._columns) for row in rows):
            self._found.add(number)

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found."""
        what = f"{self._found.count:,} {many} hold thinking text of the assistant"
        return self._found.problem("thinking", what, "", ("keep",), "note")


SIGNS = {"-1", "0", "1"}
"""Labels that may be three classes, or two and a mark of no label."""


class Labels:
    """Counts rows whose label says that they have none."""

    def __init__(self, way: Way) -> None:
        self._column, self._marks = way.columns.get("label", way.columns.get("score", "")), way.no_label
        self._plain, self._found = set(map(plain_label, way.no_label)), Finding()
        self._seen, self._below = set[str](), Finding()

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:  # noqa: ARG002
        """Look at one row."""
        labels = [plain_label(row.get(self._column)) for row in rows] if self._column else []
        if any(label in self._plain for label in labels):
            self._found.add(number)
        if len(self._seen) <= len(SIGNS):
            self._seen.update(labels)
        if "-1" in labels:
            self._below.add(number)

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found."""
        if not self._marks and self._seen == SIGNS:
            what = f"{self._below.count:,} {many} have the label -1, which is learned as a class of its own"
            advice = 'if it marks rows without a label, set data.no_label to ["-1"]'
            return self._below.problem("minus_one", what, advice, ("keep",))
        marks = " or ".join(self._marks)
        what = f"{self._found.count:,} {many} have {marks} in '{self._column}', which marks rows without one"
        advice = "they are left out; if it is a class of its own, set data.no_label to []"
        return self._found.problem("no_label", what, advice, ("keep",))


class Repeats:
    """Counts rows whose answers begin with the whole prompt."""

    def __init__(self, way: Way) -> None:
        self._way, self._found = way, Finding()

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:
        """Look at one row."""
        for row in [raw] if self._way.convert == "answers_alone" else rows:
            prompt = row.get(self._way.columns["prompt"])
            answers = [row.get(self._way.columns[role]) for role in ANSWERED if role in self._way.columns]
            if kind_of(prompt) == "text" and all(
                isinstance(answer, str) and repeats(str(prompt), answer) for answer in answers
            ):
                self._found.add(number)

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found."""
        what = f"{self._found.count:,} {many} repeat the prompt at the beginning of their answers"
        if self._way.convert == "answers_alone":
            return self._found.problem(
                "prompt_repeated", what, "it is cut off there, so that it stands once", ("keep",)
            )
        advice = "it would be learned as part of the answer; set data.convert to answers_alone"
        return self._found.problem("prompt_repeated", what, advice, ("keep",))
