"""Where typed and pasted text goes: into the text field of a screen, whatever has the focus."""

from typing import Any

from textual import events
from textual.screen import Screen
from textual.widgets import Input, Select
from textual.widgets._select import SelectOverlay

from tui.widgets.entry import Entry, PathEntry


def text_field(screen: Screen[Any]) -> Entry | None:
    """Return the field of a screen that takes text: an empty one for a path first, else the first there is."""
    fields = [each for each in screen.focus_chain if isinstance(each, Entry)]
    paths = [each for each in fields if isinstance(each, PathEntry)]
    return next((each for each in paths if not each.value), next(iter([*paths, *fields]), None))


def to_text_field(screen: Screen[Any], event: events.Event) -> None:
    """Put the focus into the text field of a screen when an event is text; letters are keys where there is no field."""
    if isinstance(screen.focused, Input) or not _is_text(screen, event):
        return
    field = text_field(screen)
    if field is not None:
        usual, field.select_on_focus = field.select_on_focus, field.value == field.taken
        field.cursor_position = len(field.value)
        screen.set_focus(field)
        field.call_later(setattr, field, "select_on_focus", usual)


def _is_text(screen: Screen[Any], event: events.Event) -> bool:
    if isinstance(event, events.Paste):
        return True
    if not (isinstance(event, events.Key) and event.is_printable) or isinstance(screen.focused, SelectOverlay):
        return False
    opens = event.key == "space" and isinstance(screen.focused, Select)
    return event.key != "question_mark" and not opens
