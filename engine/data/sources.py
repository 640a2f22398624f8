"""Which files a name stands for: a file, a folder, a pattern, or a data set of the hub that is on this machine."""

import difflib
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.data.facts import DataProblem
from engine.data.opening import COMPRESSED
from engine.data.rows import CODE_SUFFIXES, CSV_SUFFIXES, JSON_SUFFIXES, SUFFIXES, TEXT_SUFFIXES
from engine.data.splits import MARK, splits_of
from engine.problem import Problem
from engine.typed_path import typed_path

TEXTS = (*TEXT_SUFFIXES, *CODE_SUFFIXES)
FAMILIES = (JSON_SUFFIXES, CSV_SUFFIXES, (".parquet",), (".arrow",), TEXTS)
ASIDE = frozenset({"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "requirements.txt"})
ASIDE_STEMS = frozenset({"readme", "license", "licence", "notice", "changelog", "citation", "copying"})
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
UNASKED = 200 << 20
"""Bytes that are fetched from the hub without asking; more is left to the person."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files to read, in order, and what was noticed on the way to them."""

    files: tuple[Path, ...]
    notes: tuple[DataProblem, ...] = ()
    part: str = ""
    """Where a folder holds splits: the pattern of those files below it that are learned from."""
    test: str = ""
    """And the pattern of those that are the test."""


def find(name: str) -> Found:
    """Return the files behind a name; raises Problem, with the nearest existing name, when there are none."""
    path = typed_path(name)
    if path.is_dir():
        return _folder(path)
    if path.exists():
        return Found((path,))
    if is_hub_part(name):
        return _hub_part(name)
    if any(letter in name for letter in "*?["):
        return _pattern(name)
    if is_hub_id(name):
        return _folder(_hub(name))
    raise Problem("there is no such file", where=name, advice=_nearest(path), code="missing")


def is_local(name: str) -> bool:
    """Return whether a name stands for files under this very path, and not for a data set of the hub."""
    pattern = any(letter in name for letter in "*?[") and not is_hub_part(name)
    return pattern or typed_path(name).exists()


def is_hub_part(name: str) -> bool:
    """Return whether a name stands for some files of a hub data set, as in owner/name/data/train-*."""
    owner, _, rest = name.partition("/")
    data, _, inside = rest.partition("/")
    return bool(inside and HUB_ID.fullmatch(f"{owner}/{data}")) and not Path(owner).is_dir()


def suffix_of(path: Path) -> str:
    """Return the suffix that names the format, without .gz or .zst."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() not in COMPRESSED.values()]
    return endings[-1] if endings else ""


def _folder(folder: Path) -> Found:
    inside = [file for file in sorted(folder.rglob("*")) if file.is_file() and not _hidden(file.relative_to(folder))]
    data = [file for file in inside if suffix_of(file) in (*SUFFIXES, *TEXTS) and not _aside(file)]
    if not data:
        what = "the folder holds no data file" if inside else "the folder is empty"
        raise Problem(
            what, where=str(folder), advice=f"data files end in {', '.join(SUFFIXES)}; code counts too", code="empty"
        )
    family, files = _largest_family(data)
    left_out = _left_out(data, files, family)
    code = any(suffix_of(file) in CODE_SUFFIXES for file in files)
    splits = None if code else splits_of(folder, files, texts=family == TEXTS)
    if splits is None:
        return Found(tuple(files), (*left_out, *_split_names(files, folder)))
    return Found(splits.train, (*left_out, splits.said), splits.files, splits.test)


def _hidden(path: Path) -> bool:
    """Whether a file or its folder is hidden; a module of code may begin with an underscore."""
    marks = "." if suffix_of(path) in CODE_SUFFIXES else (".", "_")
    return path.name.startswith(marks) or any(part.startswith((".", "_")) for part in path.parts[:-1])


def _aside(file: Path) -> bool:
    """Files that stand beside data, as a model card or a licence does."""
    cached = (
        file.name.startswith("cache-") and file.suffix == ".arrow"
    )  # what `datasets` has made of the rows beside it
    return cached or file.name in ASIDE or file.name.split(".")[0].lower() in ASIDE_STEMS


def _largest_family(data: list[Path]) -> tuple[tuple[str, ...], list[Path]]:
    """Files of one kind belong together: tables come before plain texts, then the kind with most files."""
    families = {family: [file for file in data if suffix_of(file) in family] for family in FAMILIES}
    chosen = max(families, key=lambda family: (bool(families[family]), family != TEXTS, len(families[family])))
    return chosen, families[chosen]


def _left_out(data: list[Path], files: list[Path], family: tuple[str, ...]) -> list[DataProblem]:
    others = Counter(suffix_of(file) for file in data if file not in set(files) and suffix_of(file) in SUFFIXES)
    if not others:
        return []
    counted = ", ".join(f"{count} {ending}" for ending, count in others.items())
    message = f"files of several kinds lie in the folder; {family[0]} is read, and {counted} left out"
    return [DataProblem("mixed_files", message, advice="give one file, or a pattern such as folder/*.jsonl")]


def _split_names(files: list[Path], folder: Path) -> list[DataProblem]:
    """A test file among the training files would be learned."""
    if any(suffix_of(file) in CODE_SUFFIXES for file in files):
        return []
    marks = [MARK.search(str(file.relative_to(folder).with_suffix(""))) for file in files]
    tests = [
        file.name for file, mark in zip(files, marks, strict=True) if mark and not mark[1].lower().startswith("train")
    ]
    if not tests or len(tests) == len(files):
        return []
    message = f"'{tests[0]}' looks like test rows, and would be learned with the rest of the files"
    return [DataProblem("test_inside", message, advice="give the training file alone, and this one as data.test")]


def _pattern(name: str) -> Found:
    parts = Path(name).expanduser().parts
    plain = next(index for index, part in enumerate(parts) if any(letter in part for letter in "*?["))
    folder = Path(*parts[:plain])
    files = sorted(file for file in folder.glob("/".join(parts[plain:])) if file.is_file())
    if not files:
        raise Problem("no file matches the pattern", where=name, advice=_nearest(folder / parts[plain]), code="missing")
    return Found(tuple(files), tuple(_split_names(files, folder)))


def _nearest(path: Path) -> str:
    """Name what exists and is written most like the missing part of a path."""
    folder = path.parent
    missing = path.name
    while not folder.is_dir() and folder != folder.parent:
        folder, missing = folder.parent, folder.name
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    close = difflib.get_close_matches(missing, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folder / close[0]}'?"
    listed = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    return f"'{folder}' holds {listed}" if names else f"'{folder}' is empty"


def is_hub_id(name: str) -> bool:
    """Whether a name that is no path is written like owner/name, with no folder of that owner's name here."""
    return bool(HUB_ID.fullmatch(name)) and suffix_of(Path(name)) not in SUFFIXES and not Path(name).parent.is_dir()


def _hub_part(name: str) -> Found:
    """Find some files of a data set of the hub."""
    parts = name.split("/")
    folder = _hub("/".join(parts[:2]))
    try:
        files = sorted(file for file in folder.glob("/".join(parts[2:])) if file.is_file())
    except (ValueError, NotImplementedError):
        files = []
    if not files:
        raise Problem("no file of the data set matches", where=name, advice=_nearest(folder / parts[2]), code="missing")
    return Found(tuple(files))


def _hub(name: str) -> Path:
    """Return the folder of a hub data set in the local cache; a small one is fetched while the hub can be reached."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, repo_type="dataset", local_files_only=True))
    except LocalEntryNotFoundError:
        return _fetched(name)


def _fetched(name: str) -> Path:
    """Download the data files of a hub data set, if they are few enough to do so unasked."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = [f"*{ending}*" for ending in SUFFIXES]
    try:
        files = snapshot_download(name, repo_type="dataset", allow_patterns=wanted, etag_timeout=5, dry_run=True)
        size = sum(file.file_size or 0 for file in files)
        if size <= UNASKED:
            return Path(snapshot_download(name, repo_type="dataset", allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        what = "there is no such file, and no data set of that name on this machine or within reach"
        advice = "give a local file, or the right owner/name while online"
        raise Problem(what, where=name, advice=advice, code="missing") from error
    what = f"this data set of the hub is {size / 2**30:.1f} GiB and not on this machine yet"
    advice = f"download it with `hf download --repo-type dataset {name}`, then look again"
    raise Problem(what, where=name, advice=advice, code="not_downloaded")
