"""Chat templates as transformers renders them, in a sandbox and within a time limit: a template is foreign code."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from engine.hub import read_json

SECONDS = 3.0
"""Processor time that all conversations of a sample may take to be rendered."""
OFTEN = 64
"""Lines of a template between two looks at the clock."""
PLAIN = (
    "{{ bos_token or '' }}{% for message in messages %}### {{ message['role'] | capitalize }}:\n"
    "{{ message['content'] }}{{ eos_token if message['role'] == 'assistant' else '' }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
)
"""The template for a model that has none of its own, as `engine/recipes/parts/conversation.py` has it."""


class RenderError(Exception):
    """A conversation can't be rendered: the template refuses it, or takes too long."""


def own_template(folder: Path, config: Mapping[str, Any]) -> str:
    """Return the chat template of a model's folder, empty where it has none."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8", errors="replace")
    beside = folder / "chat_template.json"
    found = (read_json(beside) if beside.is_file() else config).get("chat_template")
    if isinstance(found, list):
        named = {str(each.get("name")): each.get("template") for each in found if isinstance(each, dict)}
        found = named.get("default", next(iter(named.values()), ""))
    return found if isinstance(found, str) else ""


class Renderer:
    """Renders conversations with one template; all of them together have `SECONDS`."""

    def __init__(self, template: str, words: Mapping[str, str]) -> None:
        """Compile the template; `words` are the special tokens that it may name."""
        from jinja2 import TemplateError
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def refuse(message: str) -> None:
            raise TemplateError(message)

        room = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        room.filters["tojson"] = lambda value, **more: json.dumps(value, ensure_ascii=False, **more)
        room.globals |= {"raise_exception": refuse, "strftime_now": time.strftime}
        try:
            self._template = room.from_string(template)
        except TemplateError as error:
            raise RenderError(str(error)) from None
        self._words = {name: word for name, word in words.items() if word}
        self._left = SECONDS

    def render(self, turns: Sequence[Mapping[str, Any]], tools: Any = None, *, ask: bool = False) -> str:
        """Return a conversation as text; `ask` ends it where the assistant begins to speak."""
        if self._left <= 0:
            raise RenderError("the chat template takes too long")
        begun = time.thread_time()
        before = sys.gettrace()
        sys.settrace(_deadline(begun + self._left))  # the only way to end a loop within this thread
        try:
            return self._template.render(messages=turns, tools=tools, add_generation_prompt=ask, **self._words)
        except Exception as error:  # noqa: BLE001 - whatever foreign code raises
            raise RenderError(str(error) or type(error).__name__) from None
        finally:
            sys.settrace(before)
            self._left -= time.thread_time() - begun


def _deadline(end: float) -> Any:
    lines = 0

    def trace(_: FrameType, __: str, ___: Any) -> Any:
        nonlocal lines
        lines += 1
        if not lines % OFTEN and time.thread_time() > end:
            raise RenderError("the chat template takes too long")
        return trace

    return trace
