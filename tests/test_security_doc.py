"""docs/security.md: every sentence of it names the tests that hold it, and these exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def statements() -> list[tuple[str, list[str]]]:
    """Every line of the page that states something, with the tests behind it."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    said = [line for line in lines if line and not line.startswith(("#", ">"))]
    found = []
    for line in said:
        match = re.fullmatch(r"(?:- |\| )?(.+?)\s*<!-- ([\w ]+) -->", line)
        assert match, f"this sentence names no test: {line}"
        found.append((match[1], match[2].split()))
    return found


def test_every_sentence_about_security_is_held_by_a_test():
    tests = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = statements()
    assert len(found) >= 25
    assert {name for _, names in found for name in names} - tests == set()
