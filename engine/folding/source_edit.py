"""Edits of Python source by the places of its syntax tree: comments and line breaks stay as they were written."""

import ast
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

ATOMS = (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.Tuple)
"""Expressions that need no parentheses wherever they stand; a tuple brings its own."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for a span of source, in bytes."""

    start: int
    end: int
    text: str


class Source:
    """A piece of source with its tree; both are shared between callers, so the tree is never changed."""

    def __init__(self, text: str) -> None:
        """Parse the text; `uses` counts its names, `calls` holds its calls of plain names, `bound` its own names."""
        self.text = text
        self.tree = ast.parse(text)
        self.data = text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.uses: Counter[str] = Counter()
        self.calls: dict[str, list[ast.Call]] = {}
        self.bound: set[str] = set()
        for node in self.parents:
            if isinstance(node, ast.Name):
                self.uses[node.id] += 1
                if not isinstance(node.ctx, ast.Load):
                    self.bound.add(node.id)
            elif isinstance(node, ast.arg):
                self.bound.add(node.arg)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node not in self.tree.body:
                self.bound.add(node.name)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self.calls.setdefault(node.func.id, []).append(node)

    def start(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """Return the first byte of a node."""
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """Return the byte after a node."""
        return self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def segment(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """Return the text of a node."""
        return self.data[self.start(node) : self.end(node)].decode()

    def lines(self, first: int, last: int) -> str:
        """Return whole lines, counted from 1, both ends included."""
        return self.data[self.starts[first - 1] : self.starts[last]].decode()

    def first_line(self, statement: ast.stmt) -> int:
        """Return the line where a statement begins: its first decorator, or the comment right above it."""
        decorators = getattr(statement, "decorator_list", [])
        line: int = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
        while line > 1 and self.lines(line - 1, line - 1).lstrip().startswith("#"):
            line -= 1
        return line

    def without(self, statement: ast.stmt) -> Edit:
        """Return the edit that removes a statement with the comment above it."""
        first, last = self.first_line(statement), statement.end_lineno or statement.lineno
        return Edit(self.starts[first - 1], self.starts[last], "")

    def replaced(self, node: ast.expr, text: str, *, atom: bool) -> Edit:
        """Return the edit that puts an expression in the place of another, in parentheses where they are needed."""
        holder = self.parents.get(node)
        free = (ast.Return, ast.Assign, ast.AnnAssign, ast.keyword, ast.If, ast.List, ast.Set, ast.Expr)
        loose = isinstance(holder, free) or (isinstance(holder, ast.Call) and node is not holder.func)
        return Edit(self.start(node), self.end(node), text if atom or loose else f"({text})")

    def in_text(self, node: ast.AST) -> bool:
        """Return whether a node stands inside an f-string, where Python 3.11 gives wrong places."""
        holder = self.parents.get(node)
        inside = isinstance(holder, (ast.JoinedStr, ast.FormattedValue))
        return holder is not None and (inside or self.in_text(holder))

    def apply(self, edits: Iterable[Edit]) -> str:
        """Return the text with the edits made; one that lies inside another waits for the next round."""
        chosen: list[Edit] = []
        for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
            if not chosen or edit.start >= chosen[-1].end:
                chosen.append(edit)
        result = self.data
        for edit in reversed(chosen):
            result = result[: edit.start] + edit.text.encode() + result[edit.end :]
        return result.decode()


@lru_cache(maxsize=8192)
def source(text: str) -> Source:
    """Return the parsed source of a piece; the same text is parsed once."""
    return Source(text)


def is_atom(node: ast.expr) -> bool:
    """Return whether an expression can stand anywhere without parentheses."""
    return isinstance(node, ATOMS) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def inside_strings(statements: Iterable[ast.stmt]) -> set[int]:
    """Return the numbers of the lines that begin inside a string, where every blank counts."""
    return {
        line
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, (ast.Constant, ast.JoinedStr))
        for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }


def indented(text: str, columns: int, first_line: int = 1, fixed: Collection[int] = ()) -> str:
    """Return lines moved so that the first one begins at a column; `fixed` are numbers of lines that stay."""
    lines = text.splitlines(keepends=True)
    first = next(line for line in lines if line.strip())
    shift = columns - (len(first) - len(first.lstrip(" ")))
    return "".join(
        line if not line.strip() or number in fixed else " " * shift + line if shift > 0 else line[-shift:]
        for number, line in enumerate(lines, first_line)
    )
