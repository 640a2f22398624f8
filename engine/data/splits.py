"""Splits of a folder: which of its files are learned from, which are the test, and which are neither.

They are told by the names of files and folders (train-00000-of-00002.parquet, test/…, dev.jsonl), as the hub's own
reader tells them, or by the list of `configs` in a README.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from engine.data.facts import DataProblem

KEYWORDS = {
    "train": "train training",
    "test": "test testing eval evaluation holdout heldout",
    "validation": "validation valid val dev",
}
_ROLE = {word: role for role, words in KEYWORDS.items() for word in words.split()}
_WORDS = "|".join(sorted(_ROLE, key=len, reverse=True))
MARK = re.compile(rf"(?:^|[^a-z])({_WORDS})(?=[^a-z]|$)", re.IGNORECASE)
_FOLDER = re.compile(rf"({_WORDS})(?=[-_. ]|$)", re.IGNORECASE)
_SHARD = re.compile(r"([-_. ]*(\d+([-_]of[-_]\d+)?|[0-9a-f]{16}))*$", re.IGNORECASE)
PREFERRED = ("", "sft")
"""Which of several pairs such as train_sft with test_sft and train_gen with test_gen is taken."""


@dataclass(frozen=True, slots=True)
class Splits:
    """The training files and a pattern for them below the folder; the same for the test; names that are not used."""

    train: tuple[Path, ...]
    files: str
    test: str
    said: DataProblem
    unused: tuple[str, ...] = field(default=())


def splits_of(folder: Path, files: Sequence[Path], *, texts: bool = False) -> Splits | None:
    """Return the splits that files of a folder form; None where they form none, and all of them belong together.

    Of plain `texts` a name such as test.md says little, so that a file of the training must be named as well.
    """
    groups = _configured(folder, files) or _named(folder, files)
    named = any(role == "train" for role, _ in groups)
    held_out = next((role for role in ("test", "validation") if any(each == role for each, _ in groups)), "")
    if named and not held_out and not texts:
        return _training_alone(folder, _of(groups, "train", None), files)
    learned = "train" if named else ""
    if not held_out or (texts and not named) or not any(role == learned for role, _ in groups):
        return None
    rest = _paired(groups, learned, held_out)
    train = _of(groups, learned, rest)
    test = _of(groups, held_out, rest) or _of(groups, held_out, None)
    others = [file for each in groups.values() for file in each if file not in {*train, *test}]
    patterns = [pattern(folder, each) for each in (train, test)]
    if not all(patterns):
        return None
    what = f"{_label(folder, train)} learned from, and {_label(folder, test)} the test"
    unused = tuple(dict.fromkeys(_split_name(folder, file) for file in others))
    advice = f"not used: {', '.join(unused[:6])}{' …' * (len(unused) > 6)}" if unused else ""
    return Splits(tuple(train), patterns[0], patterns[1], DataProblem("splits", what, None, "note", advice), unused)


def _training_alone(folder: Path, train: list[Path], files: Sequence[Path]) -> Splits | None:
    """Return the training split where others are no test: they are not learned from; None where there are no others."""
    others = tuple(dict.fromkeys(_split_name(folder, file) for file in files if file not in train))
    files_pattern = pattern(folder, train)
    if not others or not files_pattern:
        return None
    advice = f"not used: {', '.join(others[:6])}{' …' * (len(others) > 6)}"
    said = DataProblem("splits", f"{_label(folder, train)} learned from", None, "note", advice)
    return Splits(tuple(train), files_pattern, "", said, others)


def _named(folder: Path, files: Iterable[Path]) -> dict[tuple[str, str], list[Path]]:
    """Return the files by role and by what stands behind its name, as in train_sft; no role: nothing says one."""
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        groups.setdefault(_mark(file.relative_to(folder)), []).append(file)
    return groups


def _mark(path: Path) -> tuple[str, str]:
    stem = path.name.split(".")[0] if path.name.count(".") < 3 else path.name.rpartition(".")[0]
    found = MARK.search(stem)
    if found is None:
        within = reversed(path.parts[:-1])
        stem, found = next(((part, hit) for part in within if (hit := _FOLDER.match(part))), ("", None))
    if found is None:
        return "", ""
    return _ROLE[found[1].lower()], _SHARD.sub("", stem[found.end() :]).strip("-_. ").lower()


def _paired(groups: dict[tuple[str, str], list[Path]], learned: str, held_out: str) -> str | None:
    """Return what stands behind both names where several pairs of splits lie here; None: all files belong together."""
    rests = {rest for role, rest in groups if role == learned}
    both = sorted(rests & {rest for role, rest in groups if role == held_out})
    if len(rests) < 2 or not both:
        return None
    return next((rest for rest in PREFERRED if rest in both), both[0])


def _of(groups: dict[tuple[str, str], list[Path]], role: str, rest: str | None) -> list[Path]:
    return [file for key, files in groups.items() if key[0] == role and rest in (None, key[1]) for file in files]


def _configured(folder: Path, files: Sequence[Path]) -> dict[tuple[str, str], list[Path]]:
    """Return the files of the default configuration that the README.md of a hub data set lists, by their splits."""
    chosen = _default(_configs(folder / "README.md"))
    listed = chosen.get("data_files", [])
    groups: dict[tuple[str, str], list[Path]] = {}
    known = set(files)
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("split"), str):
            return {}
        paths = entry.get("path", ())
        every = [paths] if isinstance(paths, str) else paths
        if not isinstance(every, (list, tuple)):
            return {}
        role = _mark(Path(f"{entry['split']}.x"))
        matching = sorted({file for each in every for file in _below(folder, str(each)) if file in known})
        if matching:
            groups.setdefault(role, []).extend(matching)
    left = [file for file in files if all(file not in each for each in groups.values())]
    return {**groups, ("other", ""): left} if groups else {}


def _below(folder: Path, name: str) -> list[Path]:
    try:
        return list(folder.glob(name))
    except (ValueError, NotImplementedError):  # an absolute pattern, or an empty one
        return []


def _configs(readme: Path) -> list[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        _, mark, rest = readme.read_text("utf-8", "replace")[: 1 << 20].partition("---\n")
        values = YAML(typ="safe").load(rest.partition("\n---")[0]) if mark else None
    except (OSError, YAMLError, ValueError, RecursionError):
        return []
    configs = values.get("configs") if isinstance(values, dict) else None
    return [each for each in configs if isinstance(each, dict)] if isinstance(configs, list) else []


def _default(configs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    marked = (each for each in configs if each.get("default") or each.get("config_name") == "default")
    return next(marked, configs[0] if configs else {})


def pattern(folder: Path, files: Sequence[Path]) -> str:
    """Return a pattern below the folder that matches these files and no others; empty where there is none."""
    names = [file.relative_to(folder).as_posix() for file in files]
    start, end = _start(names), _start([name[::-1] for name in names])[::-1]
    top = start.rpartition("/")[0]
    ending = "".join(Path(names[0]).suffixes[-2:])
    tried = [escape(names[0])] if len(names) == 1 else []
    tried += [f"{escape(start.rstrip('0123456789'))}*{ending}", f"{escape(start)}*{escape(end)}", f"*{escape(end)}"]
    tried += [f"{escape(top)}/**/*{ending}"] if top else []
    return next((each for each in tried if _matches(folder, each, set(files))), "")


def _start(texts: Sequence[str]) -> str:
    """Return the letters that all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _matches(folder: Path, name: str, files: set[Path]) -> bool:
    return {file for file in _below(folder, name) if file.is_file()} == files


def _split_name(folder: Path, file: Path) -> str:
    path = file.relative_to(folder)
    return path.parts[0] if len(path.parts) > 1 else path.name


def _label(folder: Path, files: Sequence[Path]) -> str:
    first = files[0].relative_to(folder).as_posix()
    return f"'{first}' is" if len(files) == 1 else f"'{first}' and {len(files) - 1} more are"
