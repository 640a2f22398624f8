"""Three rows of a data set before and after, shown as they are: nothing in them is ever read as markup."""

import json
from typing import Any

from textual.content import Content
from textual.widget import Widget

from engine.data import DataFacts
from tui.layout import cut
from tui.words import literal

MOST = 400


class Rows(Widget):
    """A small picture of the data: each row as `role  text`, cut at the end of the line."""

    DEFAULT_CSS = "Rows { height: auto; margin-top: 1; }"

    def show(self, facts: DataFacts, columns: dict[str, str], convert: str = "none") -> None:
        """Show the rows of `facts` in the roles of `columns`, or all of their columns while there are no roles.

        Rows that are converted are shown as they were, too.
        """
        self.facts, self.columns, self.convert = facts, columns, convert
        self.refresh(layout=True)

    def render(self) -> Content:
        """Return the rows, and above those that are converted what they were."""
        if not hasattr(self, "facts"):
            return Content("")
        lines = []
        after = self.facts.converted.get(self.convert, ())
        roles = self.columns or {name: name for name in (after or self.facts.examples or ({},))[0]}
        width = min(max((len(role) for role in roles), default=0), 14)
        room = max(self.content_size.width, 40)
        for row in self.facts.examples if after else ():
            was = json.dumps(row, ensure_ascii=False, default=str)
            lines.append(Content.styled(cut(f"was {literal(was[:MOST])}", room), "$foreground-muted"))
        for number, row in enumerate(after or self.facts.examples, 1):
            lines += _row(number, row, roles, width, room)
        return Content("\n").join(lines)


def _row(number: int, row: dict[str, Any], roles: dict[str, str], width: int, room: int) -> list[Content]:
    lines = []
    for at, (role, column) in enumerate(list(roles.items())[:4]):
        value = row.get(column, "")
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lead = f"{number}  " if at == 0 else "   "
        label = f"{literal(role, 14).ljust(width)}  "
        shown = cut(literal(text[:MOST]), max(room - len(lead) - len(label), 10))
        lines.append(Content.assemble((lead, "$foreground-muted"), (label, "$foreground-muted"), shown))
    return lines
