"""Text in columns: wrapped under its own beginning, cut only between words."""

import textwrap

from textual.content import Content


def hanging(lead: Content | str, text: str, room: int, style: str = "") -> Content:
    """Return text after a lead, its further lines indented as far as the lead is wide."""
    head = lead if isinstance(lead, Content) else Content(lead)
    lines = textwrap.wrap(text, max(room - head.cell_length, 12)) or [""]
    body = ("\n" + " " * head.cell_length).join(lines)
    return head + Content.styled(body, style)


def cut(text: str, room: int) -> str:
    """Return text that fits, cut behind a whole word where one ends near, with an ellipsis for the rest."""
    if len(text) <= room:
        return text
    kept = text[: max(room - 1, 0)]
    at_word = kept.rpartition(" ")[0]
    return f"{at_word if len(at_word) > 0.7 * len(kept) else kept}…"
