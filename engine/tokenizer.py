"""A model's own tokenizer, read from its tokenizer.json without transformers: how many tokens texts are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.hub import read_json

FILE = "tokenizer.json"
LONGEST_PIECE = 20_000
"""Characters of a text that are looked at; the tokens of a longer one are counted in proportion."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens of a text, and how many of them stand for what the tokenizer does not know."""

    tokens: int
    unknown: int


class Tokenizer:
    """Counts tokens as the model's own tokenizer makes them."""

    def __init__(self, folder: Path) -> None:
        """Read the tokenizer of a model's folder; raises ValueError when it can't be read."""
        from tokenizers import Tokenizer as Library

        try:
            self._library: Any = Library.from_file(str(folder / FILE))
        except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
            raise ValueError(f"{FILE} can't be read ({error})") from None
        self._library.no_truncation()
        self._library.no_padding()
        described = folder / "tokenizer_config.json"
        self.config: dict[str, Any] = read_json(described) if described.is_file() else {}
        unknown = self.word("unk_token")
        self._unknown = self._library.token_to_id(unknown) if unknown else None
        end = self.word("eos_token")
        self._end = self._library.token_to_id(end) if end else None

    def word(self, name: str) -> str:
        """Return a special token by its name, such as eos_token; empty where the tokenizer has none."""
        value = self.config.get(name)
        if isinstance(value, dict):
            value = value.get("content")
        if value is None and name == "unk_token":
            value = getattr(self._library.model, "unk_token", None)
        return str(value) if value else ""

    def count(self, texts: Sequence[str | tuple[str, str]], *, special: bool, ended: bool) -> list[Counted]:
        """Return the tokens of each text, or of two texts read as one.

        `special` adds what the tokenizer puts around a text; `ended` counts one end-of-text token, as answers have it.
        """
        parts = [_shorter(text) for text in texts]
        found = self._library.encode_batch([part for part, _ in parts], add_special_tokens=special)
        return [self._counted(one.ids, times, ended=ended) for one, (_, times) in zip(found, parts, strict=True)]

    def _counted(self, ids: list[int], times: float, *, ended: bool) -> Counted:
        unknown = 0 if self._unknown is None else ids.count(self._unknown)
        size = len(ids)
        if ended and times == 1:
            behind = next((place for place, token in enumerate(ids[:-4:-1]) if token == self._end), None)
            size = size + 1 if behind is None else size - behind
        return Counted(round(size * times), round(unknown * times))


def _shorter(text: str | tuple[str, str]) -> tuple[str | tuple[str, str], float]:
    """Return the beginning of a very long text, and how many times as long the whole is."""
    if isinstance(text, tuple) or len(text) <= LONGEST_PIECE:
        return text, 1.0
    return text[:LONGEST_PIECE], len(text) / LONGEST_PIECE


def tokenizer_of(folder: Path) -> Tokenizer | None:
    """Return the tokenizer of a model's folder, None where it has no file that can be read here."""
    file = folder / FILE
    try:
        known = file.stat()
    except OSError:
        return None
    return _read(folder, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=2)
def _read(folder: Path, changed: int, size: int) -> Tokenizer | None:
    """Read a tokenizer once for as long as its file stays the same."""
    del changed, size
    try:
        return Tokenizer(folder)
    except ValueError:
        return None
