"""What a column holds, told by its values."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.data.convert import spelled
from engine.data.facts import Column
from engine.data.jsons import Row

ASKING = frozenset({"user", "human", "prompter", "question"})
ANSWERING = frozenset({"assistant", "gpt", "bot", "model", "chatgpt", "answer", "response"})
TURN_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function", "ipython", "environment"})
SCORES = frozenset({"score", "rating", "rank_score", "overall_score", "reward", "votes", "pm_score"})
ANSWERS = frozenset({"text", "response", "answer", "content", "output", "completion"})
LABEL_LENGTH = 48
EXAMPLE_LENGTH = 200


def kind_of(value: Any) -> str:
    """Name what one value is; a conversation, a list of texts and a nested object are told apart."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "empty"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, dict):
        return _kind_of_object(value)
    if isinstance(value, list | tuple):
        return _kind_of_list(list(value))
    return "bytes" if isinstance(value, bytes) else "object"


def _kind_of_text(text: str) -> str:
    start = text.lstrip()
    if start[:2] not in ("[{", '{"', "{'", "[ ", "{ ", "[\n", "{\n") and not start.startswith("array([{"):
        return "text"
    value = spelled(text)
    inner = value.get("messages", value.get("conversations", value)) if isinstance(value, dict) else value
    if isinstance(inner, str):
        return "text"
    kind = kind_of(inner)
    return "json_messages" if kind in ("messages", "asked", "parts", "sharegpt") else "text"


def _kind_of_object(value: Row) -> str:
    if "role" in value and "content" in value:
        return "message"
    if "from" in value and "value" in value:
        return "sharegpt_message"
    if "answer_start" in value and "text" in value:
        return "spans"
    return "object"


def _kind_of_list(values: list[Any]) -> str:
    values = [value for value in values if value is not None]
    if not values:
        return "empty_list"
    if all(isinstance(value, str) for value in values):
        return "texts"
    if all(isinstance(value, dict) for value in values):
        return _kind_of_objects(values)
    return "list"


def _kind_of_objects(values: list[Row]) -> str:
    keys = {key for value in values for key in value}
    if "role" in keys and keys & {"content", "tool_calls"}:
        return _kind_of_turns(values)
    if {"from", "value"} <= keys:
        return "sharegpt"
    if keys & ASKING and keys & ANSWERING and keys <= ASKING | ANSWERING | {"system"}:
        return "qa_list" if "question" in keys else "turns"
    if "qas" in keys:
        return "paragraphs"
    if {"answer_start", "text"} <= keys:
        return "spans"
    if keys & SCORES and keys & ANSWERS:
        return "scored"
    return "qa_list" if "question" in keys else "objects"


def _kind_of_turns(turns: list[Row]) -> str:
    """A conversation whose turns are plain texts; without an answer it is only asked."""
    if any(isinstance(turn.get("content"), list) for turn in turns):
        return "parts"
    roles = {str(turn.get("role")) for turn in turns}
    if not roles <= TURN_ROLES:
        return "strange_turns"
    return "messages" if "assistant" in roles else "asked"


@dataclass(frozen=True, slots=True)
class Seen:
    """A column as the sample shows it, with what the recognition of formats needs to know."""

    name: str
    kind: str
    present: float
    filled: float
    distinct: int
    mean: float
    longest: int
    questions: float
    values: frozenset[str]
    """The distinct values, when they are few and short; otherwise nothing."""
    examples: tuple[str, ...]

    @property
    def label(self) -> bool:
        """Whether the values look like names of classes."""
        return self.kind in ("boolean", "integer", "text") and bool(self.values)

    def column(self) -> Column:
        """Return what of it is shown."""
        empty = round(1 - self.filled, 4)
        return Column(self.name, self.kind, empty, self.distinct, round(self.mean, 1), self.longest, self.examples)


def columns(sample: Sequence[Row], typed: bool) -> dict[str, Seen]:
    """Profile every column of the sample; in a file that is not `typed` (csv) numbers are read out of text."""
    names = dict.fromkeys(str(name) for row in sample for name in row)
    return {name: _column(name, sample, typed) for name in names}


def _column(name: str, sample: Sequence[Row], typed: bool) -> Seen:
    values = [row.get(name) for row in sample]
    kinds = [kind_of(value) for value in values]
    filled = [value for value, kind in zip(values, kinds, strict=True) if kind not in ("empty", "empty_list")]
    texts = [shown(value) for value in filled]
    distinct = set(texts)
    count = max(1, len(texts))
    kind = _majority(kinds)
    if kind == "text" and not typed:
        kind = _number_in(distinct)
    return Seen(
        name=name,
        kind=kind,
        present=sum(name in row for row in sample) / len(sample),
        filled=len(filled) / len(sample),
        distinct=len(distinct),
        mean=sum(map(len, texts)) / count,
        longest=max(map(len, texts), default=0),
        questions=sum(text.rstrip().endswith(("?", "？")) for text in texts) / count,
        values=_few(distinct, len(texts)),
        examples=tuple(text[:EXAMPLE_LENGTH] for text in list(dict.fromkeys(texts))[:3]),
    )


def shown(value: Any) -> str:
    """Return a value as text for the screen; what is nested is written as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def _majority(kinds: list[str]) -> str:
    """The kind of at least nine values in ten; numbers of two kinds are numbers, and empties have no vote."""
    counts = Counter(kind for kind in kinds if kind != "empty")
    if set(counts) == {"integer", "number"}:
        return "number"
    if len(counts) > 1:
        del counts["empty_list"]
    if "parts" in counts and set(counts) <= {"parts", "messages", "asked"}:
        return "parts"
    if "messages" in counts and set(counts) <= {"messages", "asked"}:
        return "messages"
    if not counts:
        return "empty"
    kind, most = counts.most_common(1)[0]
    return kind if most >= 0.9 * counts.total() else "mixed"


def _number_in(texts: set[str]) -> str:
    if {text.strip().lower() for text in texts} <= {"true", "false", "yes", "no"}:
        return "boolean"
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return "text"
    return "integer" if all(number.is_integer() for number in numbers if number == number) else "number"


def _few(distinct: set[str], count: int) -> frozenset[str]:
    """Values that repeat and are short, or that are written like identifiers, name classes."""
    if not distinct or max(map(len, distinct)) > LABEL_LENGTH or len(distinct) > 500:
        return frozenset()
    repeated = len(distinct) <= max(2, count // 2)
    identifiers = all(" " not in text and text[-1] not in ".?!" for text in distinct)
    return frozenset(distinct) if repeated or identifiers else frozenset()
