"""Modules read as text: what a recipe or a part brings to a script, sliced without running a line of it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"
OURS = "engine.recipes"
COMPUTED = ("SMOKE_TEST", "OUTPUT")
"""Settings that are no literals: whether it is a try, and the place beside the script."""


class AssemblyError(Exception):
    """A recipe or a part breaks a rule of assembly: a mistake of ours, found by the tests."""


class Computed(str):
    """The source of a setting's value that is known only where the script runs."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the source as it is."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Setting:
    """One annotated constant, `NAME: type = literal  # what it does`, or one that is computed: `NAME = expression`."""

    name: str
    annotation: str
    default: object
    comment: str
    module: str


@dataclass(slots=True)
class Module:
    """What one recipe or part brings along."""

    name: str
    docstring: str
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    environment: list[str] = field(default_factory=list)
    definitions: dict[str, str] = field(default_factory=dict)


def path_of(name: str) -> Path:
    """Return the file of a dotted module under engine.recipes."""
    return RECIPES.joinpath(*name.removeprefix(f"{OURS}.").split(".")).with_suffix(".py")


def read_module(name: str) -> Module:
    """Return the pieces of a module; a statement that has no place in a recipe raises AssemblyError."""
    return _read(name, path_of(name).read_text("utf-8"))


@lru_cache(maxsize=512)
def _read(name: str, text: str) -> Module:
    tree, lines = ast.parse(text), text.splitlines()
    module = Module(name, ast.get_docstring(tree) or "")
    if not module.docstring:
        raise AssemblyError(f"{name} has no docstring")
    for node in tree.body[1:]:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            _read_import(node, module)
        elif isinstance(node, ast.AnnAssign):
            module.settings.append(_read_setting(node, lines, name))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            module.definitions[node.name] = _slice(node, lines)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("os.environ["):
            module.environment.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in COMPUTED:
            own, value = ast.unparse(node.targets[0]), Computed(ast.unparse(node.value))
            module.settings.append(Setting(own, "", value, _comment(node, lines), name))
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"):
            raise AssemblyError(f"{name}:{node.lineno}: only imports, settings, functions and classes belong here")
    return module


def _read_import(node: ast.Import | ast.ImportFrom, module: Module) -> None:
    if isinstance(node, ast.ImportFrom) and (node.level or node.module in (None, "__future__")):
        raise AssemblyError(f"{module.name}:{node.lineno}: only absolute imports belong here")
    for alias in node.names:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(OURS):
            if alias.asname:
                raise AssemblyError(f"{module.name}:{node.lineno}: a part is imported under its own name")
            module.needs.setdefault(str(node.module), []).append(alias.name)
        elif isinstance(node, ast.ImportFrom):
            module.imports[alias.asname or alias.name] = (str(node.module), alias.name)
        elif alias.asname or "." in alias.name:
            raise AssemblyError(f"{module.name}:{node.lineno}: a module is imported under its own plain name")
        else:
            module.imports[alias.name] = (alias.name, None)


def _read_setting(node: ast.AnnAssign, lines: list[str], module: str) -> Setting:
    name = ast.unparse(node.target)
    if not name.isupper() or node.value is None:
        raise AssemblyError(f"{module}:{node.lineno}: {name} is no setting")
    try:
        default = ast.literal_eval(node.value)
    except ValueError:
        raise AssemblyError(f"{module}:{node.lineno}: the value of {name} is no literal") from None
    return Setting(name, ast.unparse(node.annotation), default, _comment(node, lines), module)


def _comment(node: ast.stmt, lines: list[str]) -> str:
    """Return the comment at the end of a statement."""
    tail = lines[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode()
    return tail.strip().removeprefix("#").strip()


def _slice(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> str:
    """Return the source from the first decorator, or from the comment block above it, to the last line."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def collect(recipe: str, parts: dict[str, str]) -> list[Module]:
    """Return the modules of a script, every one after those that it needs; `parts` swaps siblings by their group."""
    found: dict[str, Module] = {}
    _visit(f"{OURS}.{recipe}", parts, found, ())
    return list(found.values())


def _visit(name: str, parts: dict[str, str], found: dict[str, Module], above: tuple[str, ...]) -> None:
    if name in above:
        raise AssemblyError(f"{name} needs itself: {' -> '.join((*above, name))}")
    if name in found:
        return
    module = read_module(name)
    for needed in list(module.needs):
        chosen = _chosen(needed, parts)
        _visit(chosen, parts, found, (*above, name))
        _check_offers(found[chosen], module.needs[needed], name)
    found[name] = module


def _chosen(name: str, parts: dict[str, str]) -> str:
    group, _, _ = name.removeprefix(f"{OURS}.parts.").rpartition(".")
    return f"{OURS}.parts.{group}.{parts[group]}" if group in parts else name


def _check_offers(module: Module, names: list[str], by: str) -> None:
    offered = {*module.definitions, *(setting.name for setting in module.settings)}
    for name in names:
        if name not in offered:
            raise AssemblyError(f"{module.name} has no {name}, which {by} needs")


def bindings(modules: list[Module]) -> Iterator[tuple[str, str]]:
    """Yield every name that the script binds, with where it comes from; the same import twice counts once."""
    seen: set[tuple[str, tuple[str, str | None]]] = set()
    for module in modules:
        for name, source in module.imports.items():
            if (name, source) not in seen:
                seen.add((name, source))
                yield name, f"import of {source[0]} in {module.name}"
        for setting in module.settings:
            yield setting.name, module.name
        for name in module.definitions:
            yield name, module.name


@lru_cache(maxsize=4096)
def _names_in(piece: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(piece)) if isinstance(node, ast.Name))


def check_names(modules: list[Module]) -> None:
    """Raise AssemblyError for a name bound twice, and for one that nothing uses."""
    bound: dict[str, str] = {}
    for name, place in bindings(modules):
        if name in bound:
            raise AssemblyError(f"{name} is bound by {bound[name]} and by {place}")
        bound[name] = place
    used = {"main"}
    for module in modules:
        computed = [str(setting.default) for setting in module.settings if isinstance(setting.default, Computed)]
        for own, piece in [*module.definitions.items(), *(("", text) for text in (*module.environment, *computed))]:
            used |= _names_in(piece) - {own}
    for name in sorted(bound.keys() - used):
        raise AssemblyError(f"nothing uses {name} of {bound[name]}")
