"""The rooms of the house, read from the disk: no list of modules is kept by hand."""

import ast
from pathlib import Path

TOP = Path(__file__).parents[1]
HOT = ("engine.worker", "engine.recipes")


def files(room: str) -> list[Path]:
    """All Python files below a folder, at any depth."""
    return sorted((TOP / room).rglob("*.py"))


def name(path: Path) -> str:
    """The dotted name of a file's module."""
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or below it."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def cold() -> list[Path]:
    """The part of the engine that is true without a training."""
    return [path for path in files("engine") if not inside(name(path), *HOT)]


def importable(paths: list[Path]) -> list[str]:
    """Names that can be imported without running a program."""
    return [name(path) for path in paths if path.stem != "__main__"]


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, also within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found
