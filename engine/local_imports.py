"""The files that a Python file imports from its own folder: they run with it, so they are shown and copied with it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from engine.code import CodeFile
from engine.problem import Problem

MOST_FILES = 200
LARGEST = 16 << 20


def read_code(path: Path) -> bytes:
    """Return the bytes of a Python file; one that is far too large for code raises a Problem."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Problem("this is too large for a Python file", where=str(path), advice="keep the code alone in it")
    return content


def local_imports(path: Path, content: bytes) -> list[CodeFile]:
    """Return the files beside `path` that its imports lead to, and theirs in turn, by their names below its folder.

    Of a package every Python file is taken. What is imported by other means than an import statement is not seen, is
    not copied, and so does not run.
    """
    folder, found = path.parent, dict[str, CodeFile]()
    waiting = [(path.name, content)]
    while waiting:
        _, text = waiting.pop()
        for file in _beside(folder, text):
            name = file.relative_to(folder).as_posix()
            if name == path.name or name in found:
                continue
            if len(found) == MOST_FILES:
                what = f"it imports more than {MOST_FILES} files of its own folder"
                raise Problem(what, where=str(path), advice="put it into a folder with only what it needs")
            found[name] = CodeFile(name, read_code(file))
            waiting.append((name, found[name].content))
    return sorted(found.values(), key=lambda file: file.name)


def _beside(folder: Path, content: bytes) -> Iterator[Path]:
    for name in sorted(_imported(content)):
        file, package = folder / f"{name}.py", folder / name
        if file.is_file():
            yield file
        if package.is_dir():
            yield from (inner for inner in sorted(package.rglob("*.py")) if inner.is_file())


def _imported(content: bytes) -> set[str]:
    """Return the first names of all imports, wherever they stand in the file."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
