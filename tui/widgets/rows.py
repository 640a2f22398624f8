"""Three rows of a data set and what is wrong with it, shown as they are: nothing in them is ever read as markup."""

import json
from typing import Any

from textual.content import Content
from textual.widget import Widget

from engine.data import DataFacts, DataProblem
from tui.layout import cut
from tui.words import literal

MOST = 400
PROBLEMS = 4


class Rows(Widget):
    """A small picture of the data: each row as `role  text`, cut at the end of the line; then the problems."""

    DEFAULT_CSS = "Rows { height: auto; margin-top: 1; }"

    def show(self, facts: DataFacts, columns: dict[str, str]) -> None:
        """Show the rows of `facts` in the roles of `columns`, or all of their columns while there are no roles."""
        self.facts, self.columns = facts, columns
        self.refresh(layout=True)

    def render(self) -> Content:
        """Return problems first (they decide), then the rows."""
        if not hasattr(self, "facts"):
            return Content("")
        lines = [line for problem in self.facts.problems[:PROBLEMS] for line in _problem(problem)]
        more = len(self.facts.problems) - PROBLEMS
        if more > 0:
            lines.append(Content.styled(f"  and {more} more", "$foreground-muted"))
        roles = self.columns or {column.name: column.name for column in self.facts.columns}
        width = min(max((len(role) for role in roles), default=0), 14)
        for number, row in enumerate(self.facts.examples, 1):
            lines += _row(number, row, roles, width, max(self.content_size.width, 40))
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


def _problem(problem: DataProblem) -> list[Content]:
    sign, style = ("✗", "$text-error") if problem.severity == "wrong" else ("⚠", "$text-warning")
    where = f"row {problem.row:,}: " if problem.row else ""
    lines = [Content.styled(f"{sign} {where}{literal(problem.message, 300)}", style)]
    if problem.advice:
        lines.append(Content.styled(f"  {literal(problem.advice, 300)}", "$foreground-muted"))
    return lines
