"""Rows turned into a form that a goal can learn from, by the very functions that the script will run."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from engine.data.jsons import Broken, Item, Row

PARTS = Path(__file__).parents[1] / "recipes" / "parts" / "convert"
MULTIPLYING = frozenset({"instances", "questions", "each_text", "ranked_answers"})
"""Conversions after which there are more rows, or fewer."""
_CHATS = (
    "sft_messages sft_messages_tools sft_sharegpt sft_sharegpt_tools sft_sharegpt_pairs sft_text_of_json_messages "
    "preference_conversational preference_plain kto_unpaired prompt_only grpo_verifiable sft_prompt_completion"
)
CONVERSIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_CHATS.split(), ("chats",)),
    "grpo_verifiable": ("chats", "flat"),
    "prompt_only": ("first_texts", "chats"),
    "preference_plain": ("ranked_answers", "chats"),
    "sft_nested_instances": ("instances",),
    "qa_squad": ("questions",),
    "qa_context_nested": ("questions",),
    "qa_context": ("joined_texts", "flat"),
    "qa_pairs": ("first_texts",),
    "triplets": ("each_text",),
    "retrieval_pairs": ("each_text",),
}
"""Format -> the conversions that may help where no goal can learn from the rows as they are."""
DOCUMENTS = frozenset({"instances", "questions"})
"""Conversions that say in the column `document` what came from one row."""
WORDS: dict[str, str] = {
    "none": "the rows as they are",
    "chats": "conversations as role and content",
    "instances": "a row for every instance",
    "questions": "a row for every question",
    "joined_texts": "lists of texts joined",
    "first_texts": "the first of every list",
    "each_text": "a row for every match",
    "flat": "inner fields as columns",
    "ranked_answers": "answers from best to worst",
    "answers_alone": "answers without the prompt that they repeat",
}
"""What a conversion does, for a screen."""
Converter = Callable[[Iterable[Row]], Iterator[Row]]


@cache
def _module(name: str) -> Any:
    """Load a part by its path: it imports nothing, and a script that holds it converts as is shown here."""
    spec = importlib.util.spec_from_file_location(f"converting_{name}", PARTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spelled(text: str) -> Any:
    """Return the value that a text spells, as JSON or as Python and pandas write it; any other text as it is."""
    return _module("chats").value_of(text)


def converted(name: str, rows: Iterable[Row], most: int = 0, speakers: dict[str, str] | None = None) -> list[Row]:
    """Return the rows (at most so many) after a conversion; `speakers` says which role a speaker of a chat has.

    Rows that are not what the conversion wants raise ValueError, KeyError, TypeError, AttributeError or IndexError.
    """
    module = _module(name)
    if hasattr(module, "CHAT_ROLES"):
        module.CHAT_ROLES = dict(speakers or {})
    found: Iterator[Row] = iter(module.converted(rows))
    return list(islice(found, most)) if most else list(found)


REFUSED = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What a conversion raises at rows that it can't turn."""


def turned(items: Iterable[Item], name: str) -> Iterator[Item]:
    """Yield rows after a conversion, and what cannot be converted as broken."""
    if name == "none":
        yield from items
        return
    for number, item in enumerate(items, 1):
        if isinstance(item, Broken):
            yield item
            continue
        try:
            yield from converted(name, [item])
        except REFUSED as error:
            yield Broken(number, f"cannot be converted ({name}: {error})")


def tried(name: str, rows: Iterable[Row], most: int = 0) -> list[Row]:
    """Return the rows after a conversion, or none where it does not go with them."""
    try:
        return converted(name, rows, most)
    except REFUSED:
        return []
