"""What is wrong with a field, shown directly below it."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.words import literal


class Trouble(Static):
    """One sentence in the colour for wrong, with its sign; takes no room while there is nothing to say.

    It goes when one of the fields beside it is edited.
    """

    DEFAULT_CSS = """
    Trouble { color: $text-error; height: auto; display: none; }
    Trouble.-said { display: block; }
    """

    _about: tuple[str, ...] = ()

    def say(self, sentence: str = "") -> None:
        """Show the sentence, or nothing."""
        self._about = self._values()
        self.set_class(bool(sentence), "-said")
        self.update(Content(f"✗ {literal(sentence)}" if sentence else ""))

    def reconsider(self) -> None:
        """Say nothing any more when a field beside it has another value than then."""
        if self.has_class("-said") and self._values() != self._about:
            self.say()

    def _values(self) -> tuple[str, ...]:
        beside = self.parent.query(Input) if isinstance(self.parent, Widget) else ()
        return tuple(each.value for each in beside)
