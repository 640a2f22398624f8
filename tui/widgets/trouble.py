"""What is wrong with a field, shown directly below it."""

from textual.content import Content
from textual.widgets import Static

from tui.words import literal


class Trouble(Static):
    """One sentence in the colour for wrong, with its sign; takes no room while there is nothing to say."""

    DEFAULT_CSS = """
    Trouble { color: $text-error; height: auto; display: none; }
    Trouble.-said { display: block; }
    """

    def say(self, sentence: str = "") -> None:
        """Show the sentence, or nothing."""
        self.set_class(bool(sentence), "-said")
        self.update(Content(f"✗ {literal(sentence)}" if sentence else ""))
