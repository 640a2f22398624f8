"""The disks that a run writes to, and the folders that the Hugging Face libraries keep there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Disk:
    """Space in bytes where `path` is or will be; the purpose is one of runs, model cache, data cache, temporary."""

    purpose: str
    path: Path
    free: int
    total: int


def disks(runs: Path, environ: Mapping[str, str]) -> tuple[Disk, ...]:
    """Measure every disk that a run writes to; one that cannot be measured at all is left out."""
    places = {
        "runs": _whole(str(runs)),
        "model cache": model_cache(environ),
        "data cache": data_cache(environ),
        "temporary": temporary(environ),
    }
    measured = (_measure(purpose, path) for purpose, path in places.items())
    return tuple(disk for disk in measured if disk is not None)


def home(environ: Mapping[str, str]) -> Path:
    """Return the Hugging Face folder, as their libraries find it."""
    caches = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _whole(environ.get("HF_HOME") or f"{caches}/huggingface")


def model_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder into which models are downloaded."""
    given = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return _whole(given) if given else home(environ) / "hub"


def data_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder in which prepared data sets are kept."""
    given = environ.get("HF_DATASETS_CACHE")
    return _whole(given) if given else home(environ) / "datasets"


def token_file(environ: Mapping[str, str]) -> Path:
    """Return the file in which a hub login keeps its token."""
    given = environ.get("HF_TOKEN_PATH")
    return _whole(given) if given else home(environ) / "token"


def temporary(environ: Mapping[str, str]) -> Path:
    """Return the first folder for temporary files that can be written, in Python's order."""
    named = [Path(environ[name]) for name in ("TMPDIR", "TEMP", "TMP") if environ.get(name)]
    places = [*named, Path("/tmp"), Path("/var/tmp")]
    return next((place for place in places if place.is_dir() and os.access(place, os.W_OK)), places[0])


def existing(path: Path) -> Path:
    """Return the path itself or its nearest parent that exists and may be looked at."""
    return next((place for place in (path, *path.parents) if os.access(place, os.F_OK)), Path("/"))


def _measure(purpose: str, path: Path) -> Disk | None:
    try:
        usage = psutil.disk_usage(str(existing(path)))
    except OSError:
        return None
    return Disk(purpose, path, usage.free, usage.total)


def _whole(path: str) -> Path:
    """Return the path with variables and ~ replaced, absolute wherever that can be told."""
    expanded = Path(os.path.expandvars(path))
    try:
        return expanded.expanduser().absolute()
    except (OSError, RuntimeError):
        return expanded
