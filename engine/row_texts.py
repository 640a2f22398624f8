"""The texts that a model reads of one row, as the training will make them of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.chat_template import PLAIN, Renderer, RenderError
from engine.lengths import texts
from engine.tokenizer import Tokenizer

Row = Mapping[str, Any]
Turns = list[dict[str, Any]]
CHATS = ("sft", "distill", "prefer", "reward", "reinforce")
ANSWERS = ("completion", "output", "chosen", "rejected", "ranked")
"""Roles that hold an answer."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What of a run decides which texts are read of a row."""

    goal: str
    columns: tuple[tuple[str, str], ...]
    template: str = ""
    chat: str = "own"
    seq2seq: bool = False
    convert: str = "none"
    speakers: tuple[tuple[str, str], ...] = ()
    prompts: tuple[str, str] = ("", "")
    tasks: tuple["Reads", ...] = ()

    @property
    def roles(self) -> dict[str, str]:
        """Which column plays which role."""
        return dict(self.columns)


@dataclass(frozen=True, slots=True)
class RowTexts:
    """The texts of one row, each of which the model reads at once, and the answer that is learned of it, if any."""

    texts: tuple[str | tuple[str, str], ...]
    answer: str = ""


def reads(get: Callable[[str, Any], Any]) -> Reads:
    """Return what decides which texts are read; `get` returns a field of the run by its dotted name."""
    own = Reads(
        goal=get("goal", ""),
        columns=tuple(get("data.columns", {}).items()),
        template=get("data.template", ""),
        chat=get("objective.chat_template", "own"),
        seq2seq=get("model.kind", "") == "seq2seq",
        convert=get("data.convert", "none"),
        speakers=tuple(get("data.chat_roles", {}).items()),
        prompts=(get("objective.query_prompt", ""), get("objective.document_prompt", "")),
    )
    train = get("data.train", "")
    if isinstance(train, str):
        return own
    tasks = [task if isinstance(task, Mapping) else task.model_dump() for task in train]
    columns = [(tuple((task.get("columns") or {}).items()), task.get("template") or own.template) for task in tasks]
    return replace(own, tasks=tuple(replace(own, columns=roles, template=words) for roles, words in columns))


def is_chat(known: Reads) -> bool:
    """Return whether the texts are conversations in the words of a chat template."""
    roles = known.roles
    asked = known.goal == "baseline" and bool({"completion", "output", "messages"} & set(roles))
    return (known.goal in CHATS or asked) and set(roles) != {"text"} and not known.seq2seq


class Reader:
    """Makes of every row the texts that the model reads."""

    def __init__(self, known: Reads, tokenizer: Tokenizer, own_template: str) -> None:
        """Prepare the chat template where there is one; raises RenderError where it can't be read."""
        self._known, self._roles = known, known.roles
        self._groups = texts(known.goal, self._roles)
        self._renderer: Renderer | None = None
        if is_chat(known):
            template = own_template if known.chat == "own" else PLAIN
            words = {name: tokenizer.word(name) for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
            self._renderer = Renderer(template or PLAIN, words)

    @property
    def special(self) -> bool:
        """Whether the tokenizer adds its own marks: a chat template brings them along."""
        return self._renderer is None

    @property
    def ended(self) -> bool:
        """Whether a text is learned with its end."""
        return self._known.goal not in ("embed", "classify", "reinforce", "baseline")

    def read(self, row: Row) -> RowTexts | None:
        """Return the texts of a row, None where it can't be read so."""
        named = {role: row.get(column) for role, column in self._roles.items()}
        try:
            return self._read(named)
        except (RenderError, KeyError, TypeError, AttributeError, IndexError, ValueError):
            return None

    def _read(self, named: Row) -> RowTexts:
        if self._known.goal in ("prefer", "reward"):
            return self._answers(named)
        if self._known.goal == "reinforce":
            return RowTexts((self._rendered(as_turns(named["prompt"], "user"), ask=True),))
        if self._renderer is not None or self._known.seq2seq:
            return self._conversation(named)
        if self._known.goal == "embed":
            return RowTexts(tuple(self._prompted(role, named[role]) for role in self._read_roles()))
        whole = [str(named[role]) for role in self._read_roles() if named[role] is not None]
        return RowTexts(((whole[0], whole[1]) if len(whole) == 2 else "\n\n".join(whole),))

    def _read_roles(self) -> list[str]:
        """Return the roles whose columns are texts."""
        return [role for role in self._roles if role not in ("label", "score", "tools")]

    def _prompted(self, role: str, value: Any) -> str:
        prompt = self._known.prompts[0 if role == "anchor" else 1]
        return prompt + str(value if value is not None else "")

    def _conversation(self, named: Row) -> RowTexts:
        turns = conversation(named, self._known.template)
        last = max((place for place, turn in enumerate(turns) if turn["role"] == "assistant"), default=-1)
        answer = turns[last].get("content") if last >= 0 else ""
        answer = answer if isinstance(answer, str) else ""
        if self._known.seq2seq:
            return RowTexts((written(turns[:last]), answer), answer)
        whole = turns[: last + 1] or turns
        return RowTexts((self._rendered(whole, named.get("tools"), ask=last < 0),), answer)

    def _answers(self, named: Row) -> RowTexts:
        asked = as_turns(named["prompt"], "user") if named.get("prompt") is not None else []
        found, said = [], ""
        for role in (role for role in ANSWERS if named.get(role) is not None):
            each = named[role]
            each = max(each, key=lambda text: len(str(text))) if role == "ranked" and each else each
            turns = as_turns(each, "assistant" if asked else "user")
            found.append(self._rendered((asked if turns[0]["role"] == "assistant" else []) + turns))
            said = max(said, str(turns[-1].get("content") or ""), key=len)
        return RowTexts(tuple(found) or (self._rendered(asked, ask=True),), said)

    def _rendered(self, turns: Turns, tools: Any = None, *, ask: bool = False) -> str:
        assert self._renderer is not None
        return self._renderer.render(turns, tools, ask=ask)


def conversation(named: Row, template: str) -> Turns:
    """Return a row as turns: its own, or a prompt and its answer."""
    if named.get("messages") is not None:
        return [{name: value for name, value in turn.items() if value is not None} for turn in named["messages"]]
    answer = next((named[role] for role in ("completion", "output") if named.get(role) is not None), None)
    prompt = named.get("prompt")
    if "instruction" in named or "{prompt}" in template:
        prompt = filled(template, named)
    asked: Turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else as_turns(prompt, "user")
    return asked + (as_turns(answer, "assistant") if answer is not None else [])


def transcript(text: str) -> Turns:
    """Return the turns of a text that is written as Human and Assistant in turn; none of any other text."""
    before, *said = re.split(r"(?:^|\n\n)(Human|Assistant):", text.strip())
    turns: Turns = []
    for name, words in zip(said[::2], said[1::2], strict=True):
        role, content = "user" if name == "Human" else "assistant", words.strip()
        if turns and turns[-1]["role"] == role:
            content = f"{turns.pop()['content']}\n\n{content}".strip()
        turns.append({"role": role, "content": content})
    if turns and not turns[-1]["content"]:
        turns.pop()
    return [] if before.strip() else turns


def as_turns(said: Any, role: str) -> Turns:
    """Return what was said as turns; a text alone is one turn of `role`, or a transcript of several."""
    if isinstance(said, str):
        return (transcript(said) if role == "user" else []) or [{"role": role, "content": said}]
    return [{name: value for name, value in turn.items() if value is not None} for turn in said]


def filled(template: str, named: Row) -> str:
    """Return the template of a prompt with the row's own words in it."""
    return re.sub(r"\{(instruction|input|prompt)\}", lambda found: str(named.get(found[1]) or ""), template).strip()


def written(turns: Sequence[Row]) -> str:
    """Return what an encoder-decoder model is asked: a question as it is, a longer talk with its speakers."""
    opening = [str(turn["content"]) for turn in turns if turn["role"] == "system"]
    talk = [turn for turn in turns if turn["role"] != "system"]
    if len(talk) == 1:
        return "\n\n".join([*opening, str(talk[0]["content"])])
    return "\n\n".join([*opening, *(f"{turn['role'].capitalize()}: {turn['content']}" for turn in talk), "Assistant:"])
