"""A script as a notebook: the same text in cells under its headings, its libraries first."""

import ast
import json
import re
from typing import Any

from engine.script import requirements

HEADING = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)
METADATA = re.compile(r"^# /// script\n(?:#.*\n)*?# ///\n", re.MULTILINE)
START = re.compile(r'^if __name__ == "__main__":\n    main\(\)\s*\Z', re.MULTILINE)


def notebook(script: str, name: str = "train.ipynb") -> str:
    """Return a script as the JSON of a notebook (nbformat 4.5) that is saved under a name."""
    docstring = ast.get_docstring(ast.parse(script)) or ""
    first, *rest = HEADING.split(_body(script))
    cells = [_prose(_introduction(docstring)), _code(f"%pip install -q {' '.join(requirements(script).split())}")]
    own_name = f"__file__ = os.path.abspath({json.dumps(name)})  # what lies beside a script lies beside the notebook"
    cells.append(_code(first.strip().replace("import os\n", f"import os\n\n{own_name}\n", 1)))
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        cells += [_prose(f"## {title}"), _code(START.sub("", text).strip())]
    cells += [_prose("## Run"), _code("results = main()")]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _body(script: str) -> str:
    """Return a script without its docstring, its metadata, and the words to its linter."""
    first = ast.parse(script).body[0]
    described = ast.get_docstring(ast.parse(script)) is not None
    lines = script.splitlines(keepends=True)[first.end_lineno if described else 0 :]
    return re.sub(r"^# ruff: .*\n", "", METADATA.sub("", "".join(lines)), flags=re.MULTILINE)


def _introduction(docstring: str) -> str:
    """Return the first words: what is taught as a title, and what is written where."""
    title, _, rest = docstring.partition("\n")
    kept = [line for line in rest.strip().splitlines() if not line.startswith(("Run:", "Try:"))]
    return f"# {title}\n\n```text\n" + "\n".join(kept) + "\n```"


def _prose(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    lines = text.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}
