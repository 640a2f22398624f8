"""Which format the rows have: the rules of `formats`, tried in order on the columns of a sample."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.data.formats import RULES, Need, Rule
from engine.data.jsons import Row
from engine.data.kinds import Seen

ENTAILMENT = frozenset({"entailment", "entails", "entailed"})
NOT_ENTAILMENT = frozenset(
    {"neutral", "contradiction", "contradicts", "not_entailment", "non_entailment", "unknown", "-"}
)
_CHAT_MARKS = re.compile(
    r"<\|?(?:im_start|user|assistant|start_header_id)|\[INST\]|^#+ ?(?:Instruction|Response|Human|Assistant|User)\b"
    r"|^(?:Q|Question|Human|User|Instruction|Prompt)\s?:.*^(?:A|Answer|Assistant|Bot|AI|Response|Output|Completion)\s?:"
    r"|<start_of_turn>|<human>:",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


Roles = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sampled rows, their columns, and how they are laid out in the file."""

    columns: Mapping[str, Seen]
    sample: Sequence[Row]
    shape: str


@dataclass(frozen=True, slots=True)
class Match:
    """A format that the rows may have, with the column for each role of its rule."""

    label: str
    confidence: float
    why: str
    columns: dict[str, str]


NOTHING = Match("not_a_dataset", 0.9, "there is no column of text to learn from", {})
BARE = Match("not_a_dataset", 0.95, "this is a list of single values, not of rows with columns", {})


def matches(sheet: Sheet) -> list[Match]:
    """Return the formats that fit, the best first; never empty."""
    if sheet.shape == "values":
        return [BARE]
    return [match for rule in RULES if (match := _match(rule, sheet))] or [NOTHING]


def _match(rule: Rule, sheet: Sheet) -> Match | None:
    roles: dict[str, str] = {}
    for need in rule.needs:
        name = _column(need, sheet.columns, set(roles.values()))
        if name is not None:
            roles[need.role] = name
        elif not need.optional:
            return None
    if rule.test and not _TESTS[rule.test](sheet, roles):
        return None
    covered = min(sheet.columns[roles[need.role]].present for need in rule.needs if not need.optional)
    if covered < 0.5:
        return None
    return Match(rule.label, round(rule.confidence * covered, 2), rule.why, roles)


def plain_name(name: str) -> str:
    """Return a column's name in lower case with underscores, as the rules write it."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _column(need: Need, columns: Mapping[str, Seen], taken: set[str]) -> str | None:
    """The first column that meets the need, in the order of its names; of any name, in the order of the file."""
    fitting = [
        name
        for name, seen in columns.items()
        if name not in taken and (not need.kinds or seen.kind in need.kinds) and (not need.label or seen.label)
    ]
    if not need.names:
        unlabelled = [name for name in fitting if need.label or not columns[name].label]
        return next(iter(unlabelled), None)
    ranked = {name: need.names.index(plain_name(name)) for name in fitting if plain_name(name) in need.names}
    return min(ranked, key=ranked.__getitem__, default=None)


def _entailment_words(sheet: Sheet, roles: Roles) -> bool:
    """The labels are words of entailment."""
    values = {value.lower() for value in sheet.columns[roles["label"]].values}
    return values <= ENTAILMENT | NOT_ENTAILMENT


def _chat_marks(sheet: Sheet, roles: Roles) -> bool:
    """Most of the texts hold marks of a question and of an answer."""
    texts = [str(row.get(roles["text"]) or "") for row in sheet.sample[:200]]
    return sum(bool(_CHAT_MARKS.search(text[:4000])) for text in texts) >= 0.6 * len(texts)


def _two(sheet: Sheet, _roles: Roles) -> bool:
    """There is nothing beside the two columns."""
    return sum(seen.kind != "empty" for seen in sheet.columns.values()) == 2


def _asking(sheet: Sheet, roles: Roles) -> bool:
    """Of two columns the first mostly ends with a question mark."""
    return _two(sheet, roles) and sheet.columns[roles["prompt"]].questions > 0.6


def _one(sheet: Sheet, roles: Roles) -> bool:
    """There is one column, or the text is by far the longest of them."""
    others = [seen.mean for name, seen in sheet.columns.items() if name != roles["text"]]
    return sheet.columns[roles["text"]].mean > 4 * max(others, default=0)


_TESTS: dict[str, Callable[[Sheet, Roles], bool]] = {
    "entailment_words": _entailment_words,
    "chat_marks": _chat_marks,
    "two": _two,
    "asking": _asking,
    "one": _one,
}
