"""What an encoder-decoder model reads and writes: the talk so far as one text, and an answer with its end."""

from typing import Any


def written(turns: list[dict[str, Any]]) -> str:
    """Return what was said before an answer as one text: a question as it is, a longer talk with its speakers."""
    opening = [str(turn["content"]) for turn in turns if turn["role"] == "system"]
    talk = [turn for turn in turns if turn["role"] != "system"]
    if len(talk) == 1:
        return "\n\n".join([*opening, str(talk[0]["content"])])
    said = [f"{turn['role'].capitalize()}: {turn['content']}" for turn in talk]
    return "\n\n".join([*opening, *said, "Assistant:"])


def ended(tokens: list[int], end: int) -> list[int]:
    """Return the tokens of a whole answer with one end."""
    return tokens if tokens[-1:] == [end] else [*tokens, end]
