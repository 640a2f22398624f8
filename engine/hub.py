"""The Hugging Face hub at arm's length: its cache on this disk, and a config.json fetched when it is not there."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import safe_files
from engine.problem import Problem, nearest

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
LARGEST = 64 << 20
"""Bytes of a JSON file beside a model; the largest are tokenizers' settings."""
TIMEOUT = 10.0
"""Seconds that the hub gets to answer before the program says that it does not."""


@dataclass(frozen=True, slots=True)
class Remote:
    """What the hub tells about a model without its weights."""

    config: dict[str, Any]
    files: frozenset[str]
    parameters: int | None
    gated: bool
    chat_template: bool
    license: str = ""


def looks_like_id(name: str) -> bool:
    """Return whether a name has the form of a hub id: `model` or `owner/model`."""
    return HUB_ID.fullmatch(name) is not None and ".." not in name


def offline() -> bool:
    """Return whether this machine is told to leave the hub alone (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants

    return constants.is_offline_mode() or os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE")


def cache() -> Path:
    """Return the folder in which the hub client keeps what it has downloaded."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def cached(name: str, revision: str) -> Path | None:
    """Return the folder of a model's files in the local cache, or None when its config.json is not there."""
    home = cache() / f"models--{name.replace('/', '--')}"
    reference = home / "refs" / revision
    commit = reference.read_text("utf-8").strip() if reference.is_file() else revision
    folder = home / "snapshots" / commit
    return folder if (folder / "config.json").is_file() else None


def all_cached() -> Iterator[tuple[str, Path]]:
    """Yield the id and the folder of every model in the local cache that has a config.json."""
    try:
        homes = sorted(cache().glob("models--*"))
    except OSError:
        return
    for home in homes:
        name = home.name.removeprefix("models--").replace("--", "/")
        folder = cached(name, "main")
        if folder is not None:
            yield name, folder


def fetch(name: str, revision: str) -> Remote:
    """Return what the hub says about a model; of its files only config.json is downloaded.

    Raises a Problem when this machine is offline, the id or revision is unknown, the model is gated and
    this machine's token does not open it, or the repository holds no transformers model.
    """
    if offline():
        raise _unreachable(name, "this machine is offline (HF_HUB_OFFLINE)")
    from huggingface_hub import HfApi, errors, hf_hub_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # httpx or httpx2, as the client has it

    try:
        info = HfApi().model_info(name, revision=revision, timeout=TIMEOUT)
        files = frozenset(file.rfilename for file in info.siblings or ())
        if "config.json" not in files:
            raise _no_config(name, files)
        path = hf_hub_download(name, "config.json", revision=revision, etag_timeout=TIMEOUT)
    except errors.GatedRepoError:
        raise _gated(name) from None
    except errors.RevisionNotFoundError:
        raise Problem(f"{name} has no revision '{revision}'", advice="use main", code="revision") from None
    except errors.RepositoryNotFoundError:
        raise _unknown(name) from None
    except (HTTPError, OSError) as error:
        raise _unreachable(name, f"the hub does not answer ({_first_line(error)})") from None
    return Remote(
        config=read_json(Path(path)),
        files=files,
        parameters=info.safetensors.total if info.safetensors else None,
        gated=bool(info.gated),
        chat_template=_has_template(files, info.config),
        license=_license(info.tags or ()),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, or raise a Problem that names the file and the line."""
    try:
        value = safe_files.read_json(path, LARGEST, follow=True)
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}"
        raise Problem(
            f"this is not JSON ({error.msg})", where=place, advice="download it anew", code="config"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Problem(f"it can't be read ({why})", where=str(path), advice="check the file", code="config") from None
    if not isinstance(value, dict):
        raise Problem("it holds no object", where=str(path), advice="download it anew", code="config")
    return value


def _has_template(files: frozenset[str], config: dict[str, Any] | None) -> bool:
    tokenizer = (config or {}).get("tokenizer_config") or {}
    return "chat_template.jinja" in files or bool(tokenizer.get("chat_template"))


def _license(tags: Iterable[str]) -> str:
    return next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".:") if text else type(error).__name__


def _unreachable(name: str, why: str) -> Problem:
    known = [known for known, _ in all_cached()]
    hint = f" ({nearest(name, known)})" if known else ""
    return Problem(
        f"'{name}' is no folder here and not in the local cache, and {why}",
        advice=f"give a folder with a config.json or a model from the cache{hint}",
        code="offline",
    )


def _unknown(name: str) -> Problem:
    return Problem(
        f"the hub knows no model '{name}', or it is private",
        advice="check the spelling (owner/name); for a private model log in with: hf auth login",
        code="unknown-model",
    )


def _gated(name: str) -> Problem:
    from huggingface_hub import constants, get_token

    page = f"{constants.ENDPOINT}/{name}"
    if get_token():
        what = f"'{name}' is gated and this machine's token does not open it"
        return Problem(what, advice=f"ask for access at {page}", code="gated")
    what = f"'{name}' is gated and this machine has no token"
    return Problem(what, advice=f"accept its terms at {page}, then log in with: hf auth login", code="gated")


def _no_config(name: str, files: frozenset[str]) -> Problem:
    what = f"'{name}' has no config.json, so it is no transformers model"
    return Problem(what, advice=explain_files(files), code="no-config")


def explain_files(files: frozenset[str]) -> str:
    """Return what a folder without config.json seems to be, and what to give in its place."""
    if "adapter_config.json" in files:
        return "it is an adapter: give the base model that it belongs to"
    if any(name.endswith(".gguf") for name in files):
        return "it holds GGUF files for inference: give the original model"
    if "model_index.json" in files:
        return "it is a diffusion pipeline: give a language model"
    if not files:
        return "it is empty: give the folder that holds config.json and the weights"
    shown = sorted(files)
    more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    return f"it holds {', '.join(shown[:4])}{more}: give the folder that holds config.json and the weights"
