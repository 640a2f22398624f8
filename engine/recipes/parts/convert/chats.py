"""Conversations of any form become lists of turns with role and content."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

CHAT_ROLES: dict[str, str] = {}  # what a speaker is called in the rows -> system, user, assistant or tool


def role_of(name: str) -> str:
    """Return the role that a speaker has."""
    usual = {
        **dict.fromkeys(("human", "prompter", "question", "q", "customer", "client", "instruction"), "user"),
        **dict.fromkeys(("gpt", "bot", "model", "chatgpt", "ai", "answer", "a", "response", "agent"), "assistant"),
        **dict.fromkeys(("function_call", "tool_call", "output", "support"), "assistant"),
        **dict.fromkeys(("observation", "function", "function_response", "tool_response", "ipython"), "tool"),
        **dict.fromkeys(("developer", "instructions"), "system"),
    }
    return CHAT_ROLES.get(name) or usual.get(name.lower(), name.lower())


def text_of(content: Any) -> str:
    """Return a content as one text: parts are put together, and what only a picture or a sound says is left out."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    found = [
        part if isinstance(part, str) else part.get("text") or part.get("value") or thought_of(part) for part in parts
    ]
    return "\n".join(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in found if text)


def thought_of(turn: dict[str, Any]) -> str:
    """Return what is thought in a turn or in a part of one, between the usual tags; nothing where there is none."""
    fields = (turn.get(name) for name in ("reasoning_content", "thinking", "reasoning"))
    thought = next((text for text in fields if isinstance(text, str) and text.strip()), "")
    return f"<think>\n{thought}\n</think>\n" if thought else ""


def calls_of(turn: dict[str, Any]) -> str:
    """Return the tools that a turn calls as JSON, nothing where it calls none."""
    calls = [call.get("function") or call for call in turn.get("tool_calls") or []]
    return "\n".join(json.dumps(call, ensure_ascii=False) for call in calls)


def turn_of(turn: dict[str, Any]) -> list[dict[str, str]]:
    """Return what one entry of a conversation says: one turn, or a question and its answer."""
    named = next(
        (keys for keys in (("role", "content"), ("from", "value"), ("speaker", "text"), ("role", "text"))
         if keys[0] in turn and (keys[1] in turn or "tool_calls" in turn)),
        None,
    )  # fmt: skip
    if named:
        said = "\n".join(text for text in (thought_of(turn), text_of(turn.get(named[1])), calls_of(turn)) if text)
        return [{"role": role_of(str(turn[named[0]])), "content": said}]
    return [{"role": role_of(name), "content": text_of(said)} for name, said in turn.items() if said]


def value_of(text: str) -> Any:
    """Return the value that a text spells, in JSON or as Python and pandas write it; any other text as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > 1 << 20:
        return text
    # numpy writes array([...], dtype=object), and no commas between the lines
    plain = re.sub(r"^\s*array\((.*?)(,\s*dtype=\w+)?\)\s*$", r"\1", text, flags=re.DOTALL)
    try:
        return ast.literal_eval(re.sub(r"\}\s*\n\s*\{", "}, {", plain.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def chat(value: Any) -> Any:
    """Return a conversation as turns, and any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{", "a"):
        text, value = value, value_of(value)
        if isinstance(value, str):
            return text
        inner = value.get("messages", value.get("conversations")) if isinstance(value, dict) else value
        return chat(inner) if is_chat(inner) else text
    if isinstance(value, dict) and is_chat([value]) and not value.keys() - {"role", "content", "from", "value"}:
        return turn_of(value)
    return [said for turn in value for said in turn_of(turn)] if is_chat(value) else value


def is_spoiled(text: str) -> bool:
    """Return whether a text begins like a conversation that was written down as JSON or Python."""
    return bool(re.match(r"(array\()?\[\s*\{\s*['\"](role|from|content|value)['\"]\s*:", text))


def is_chat(value: Any) -> bool:
    """Return whether a value is a list of turns."""
    known = {"user", "human", "assistant", "gpt", "bot", "system", "prompter", "question", "answer", "response"}
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(turn, dict)
            and (
                {"role", "content"} <= turn.keys()
                or {"role", "tool_calls"} <= turn.keys()
                or {"from", "value"} <= turn.keys()
                or {"speaker", "text"} <= turn.keys()
                or {"role", "text"} <= turn.keys()
                or (bool(turn) and turn.keys() <= known)
            )
            for turn in value
        )
    )


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with its conversations as turns; a column `system` beside one opens it.

    A row gives nothing where a text begins like a conversation that is written down, and is none that can be read.
    """
    for row in rows:
        new = {name: chat(value) for name, value in row.items()}
        if any(isinstance(value, str) and is_spoiled(value) for value in new.values()):
            continue
        opening, talks = new.get("system"), [name for name, value in new.items() if is_chat(value)]
        if isinstance(opening, str) and opening.strip() and len(talks) == 1 and new[talks[0]][0]["role"] != "system":
            new[talks[0]] = [{"role": "system", "content": opening}, *new[talks[0]]]
        if "tools" in new and not isinstance(new["tools"], str):
            new["tools"] = json.dumps(new["tools"], ensure_ascii=False) if new["tools"] else ""
        yield new
