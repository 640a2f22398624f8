"""Look at a model without its weights: what kind it is, how large, how long a text it reads."""

import math
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine import adapters, counting, hub, shapes, words
from engine.problem import Problem, nearest
from engine.safe_files import open_regular, parse_json
from engine.typed_path import typed_path

SHORT = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16", "F32": "fp32", "BF16": "bf16", "F16": "fp16"}
SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
DEPTH = 4
"""Folders below a given one that are searched for models."""
FOLDERS = 4000
"""Folders looked at in one search, so that a home directory does not hang the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts(shapes.Shape):
    """What is known about a model before it is loaded; `parameters` is None only where the shape is unknown."""

    id: str
    folder: Path | None
    kind: shapes.Kind
    architecture: str
    parameters: int | None
    dtype: str
    chat_template: bool | None
    quantized: str
    bytes_on_disk: int
    sentence_transformer: bool
    gated: bool
    sentence_length: int = 0
    license: str = ""
    """The licence as its makers write it in the model card, such as apache-2.0; empty where they write none."""
    adapter: str = ""
    """How the folder changes its base model (LORA, IA3 ...), empty where it holds whole weights."""


def look(id: str, revision: str = "main") -> ModelFacts:  # noqa: A002  (the word of the run file)
    """Return the facts of a folder or of a hub id; raises a Problem in one sentence when there is no such model."""
    return _look(id, revision, ())


def _look(id: str, revision: str, adapters_of: tuple[Path, ...]) -> ModelFacts:  # noqa: A002
    """Look at a model; `adapters_of` are the adapters that have led here, so that none leads back to itself."""
    folder = typed_path(id)
    if folder.is_dir():
        return _local(id, folder, adapters_of)
    if folder.is_file():
        raise Problem("this is a file", where=id, advice="give the folder that holds it and config.json", code="file")
    if not hub.looks_like_id(id):
        raise _no_folder(id, folder)
    snapshot = hub.cached(id, revision)
    if snapshot is not None and _weights(snapshot):
        return _local(id, snapshot, adapters_of)
    try:
        remote = hub.fetch(id, revision)
    except Problem as problem:
        if snapshot is not None and problem.code == "offline":
            return _local(
                id, snapshot, adapters_of
            )  # its config.json was fetched before, and that is all that is needed here
        raise
    return _facts(
        id,
        remote.config,
        parameters=remote.parameters,
        chat_template=remote.chat_template,
        sentence_transformer="modules.json" in remote.files,
        gated=remote.gated,
        license=remote.license,
    )


def local_models(folders: Iterable[Path]) -> list[ModelFacts]:
    """Return the models of the local hub cache and of the folders below `folders`, the newest first."""
    places = {folder.resolve(): name for name, folder in hub.all_cached() if _weights(folder)}
    for top in folders:
        for folder in _folders_with_config(top):
            places.setdefault(folder.resolve(), str(folder))
    found = [(_modified(folder), facts) for folder, name in places.items() if (facts := _try(name, folder))]
    return [facts for _, facts in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _try(name: str, folder: Path) -> ModelFacts | None:
    try:
        return _local(name, folder)
    except Problem:
        return None  # not a language model, or a broken one: it is named when somebody asks for it


def _modified(folder: Path) -> float:
    described = folder / "config.json"
    return (described if described.is_file() else folder / adapters.DESCRIPTION).stat().st_mtime


def _folders_with_config(top: Path) -> Iterator[Path]:
    queue, seen = [(top, 0)], 0
    while queue and seen < FOLDERS:
        folder, depth = queue.pop(0)
        seen += 1
        if any((folder / name).is_file() for name in ("config.json", adapters.DESCRIPTION)):
            yield folder
        elif depth < DEPTH:
            queue += [(inner, depth + 1) for inner in _inner(folder)]


def _inner(folder: Path) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:
        return []
    return [entry for entry in entries if not entry.name.startswith((".", "checkpoint-")) and entry.name not in SKIPPED]


def _local(name: str, folder: Path, adapters_of: tuple[Path, ...] = ()) -> ModelFacts:
    if (folder / adapters.DESCRIPTION).is_file():
        return _adapted(name, folder, adapters_of)
    if not (folder / "config.json").is_file():
        raise _no_config(name, folder)
    weights = _weights(folder)
    parameters, stored = _headers([path for path in weights if path.suffix == ".safetensors"])
    return _facts(
        name,
        hub.read_json(folder / "config.json"),
        folder=folder if weights or Path(name).expanduser().is_dir() else None,
        parameters=parameters,
        stored=stored,
        chat_template=_chat_template(folder),
        sentence_transformer=(folder / "modules.json").is_file(),
        bytes_on_disk=sum(path.stat().st_size for path in weights),
        sentence_length=_sentence_length(folder),
        license=_license(folder),
    )


def _adapted(name: str, folder: Path, adapters_of: tuple[Path, ...]) -> ModelFacts:
    """Return the facts of an adapter: those of its base model, with what lies beside the adapter itself."""
    kind, base, revision = adapters.read(folder)
    if folder.resolve() in adapters_of:
        advice = f"write its real base model into {adapters.DESCRIPTION} as base_model_name_or_path"
        raise Problem("this adapter is named as its own base model", where=name, advice=advice, code="adapter")
    try:
        known = _look(base, revision, (*adapters_of, folder.resolve()))
    except Problem as problem:
        what = f"the base model of this adapter, {base}, can't be looked at ({problem.what})"
        raise Problem(what, where=name, advice=problem.advice, code=problem.code) from None
    chat = _chat_template(folder)
    return replace(
        known,
        id=name,
        adapter=kind,
        chat_template=known.chat_template if chat is None else chat,
        sentence_transformer=known.sentence_transformer or (folder / "modules.json").is_file(),
        sentence_length=_sentence_length(folder) or known.sentence_length,
    )


def _facts(
    name: str, config: dict[str, Any], *, parameters: int | None = None, stored: str = "", **rest: Any
) -> ModelFacts:
    config = shapes.text_config(config)
    shape = shapes.read(config)
    family = str(config.get("model_type", ""))
    if shape is None:
        raise Problem(
            f"the config.json of a '{family or 'nameless'}' model does not say {words.joined(shapes.unsaid(config))}",
            where=name,
            advice="complete it, or give a language or embedding model",
            code="config",
        )
    quantized = _quantized(config)
    dtype = str(config.get("dtype") or config.get("torch_dtype") or stored)
    defaults: dict[str, Any] = {"folder": None, "bytes_on_disk": 0, "gated": False}
    return ModelFacts(
        **{field.name: getattr(shape, field.name) for field in fields(shape)},
        **{**defaults, **rest},
        id=name,
        kind=shapes.kind(config),
        architecture=family,
        parameters=parameters if parameters and not quantized else counting.parameters(config, shape),
        dtype=SHORT.get(dtype, dtype),
        quantized=quantized,
    )


def _quantized(config: dict[str, Any]) -> str:
    quantization = config.get("quantization_config")
    if not isinstance(quantization, dict):
        return ""
    method = str(quantization.get("quant_method", "quantised"))
    bits = (
        4 if quantization.get("load_in_4bit") else 8 if quantization.get("load_in_8bit") else quantization.get("bits")
    )
    return f"{method} {bits}-bit" if bits else method


def _weights(folder: Path) -> list[Path]:
    """Return the weight files of a folder: safetensors where there are any, else pickled ones."""
    for pattern in ("model*.safetensors", "*.safetensors", "pytorch_model*.bin"):
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if found:
            return found
    return []


def _headers(files: list[Path]) -> tuple[int | None, str]:
    """Return the parameters in safetensors files and how most of them are stored; only the headers are read."""
    sizes: dict[str, int] = {}
    for file in files:
        for tensor in _header(file).values():
            dtype, count = _tensor(tensor)
            if dtype.startswith(("F", "BF")):
                sizes[dtype] = sizes.get(dtype, 0) + count
    return (sum(sizes.values()), max(sizes, key=sizes.__getitem__)) if sizes else (None, "")


def _tensor(told: Any) -> tuple[str, int]:
    """Return how a tensor is stored and how many numbers it has; nothing where a header says something odd."""
    dtype, shape = (told.get("dtype"), told.get("shape")) if isinstance(told, dict) else (None, None)
    if not isinstance(dtype, str) or not isinstance(shape, list):
        return "", 0
    return dtype, math.prod(size for size in shape if isinstance(size, int))


def _header(file: Path) -> dict[str, Any]:
    try:
        with open_regular(file, follow=True) as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = parse_json(stream.read(min(length, 100_000_000)))
    except (OSError, ValueError, struct.error):
        where = str(file)
        raise Problem(
            "the weights are broken or cut off", where=where, advice="download them anew", code="weights"
        ) from None
    return header if isinstance(header, dict) else {}


def _chat_template(folder: Path) -> bool | None:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    tokenizer = folder / "tokenizer_config.json"
    return bool(hub.read_json(tokenizer).get("chat_template")) if tokenizer.is_file() else None


def _sentence_length(folder: Path) -> int:
    file = folder / "sentence_bert_config.json"
    length = hub.read_json(file).get("max_seq_length") if file.is_file() else None
    return length if isinstance(length, int) else 0


def _license(folder: Path) -> str:
    """Return the licence that the head of the model card names."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    try:
        with open_regular(card, follow=True) as file:
            text = file.read(20_000).decode("utf-8", "replace")
    except OSError:
        return ""
    head = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    found = re.search(r"^license:\s*['\"]?([\w.-]+)", head[1], re.MULTILINE) if head else None
    return found[1].lower() if found else ""


def _no_config(name: str, folder: Path) -> Problem:
    below = [str(inner) for inner in _folders_with_config(folder)]
    files = frozenset(entry.name for entry in folder.iterdir())
    advice = f"did you mean '{below[0]}'?" if below else hub.explain_files(files)
    return Problem("this folder has no config.json", where=name, advice=advice, code="no-config")


def _no_folder(name: str, folder: Path) -> Problem:
    if not name.strip():
        return Problem("no model is given", advice="give a folder with a config.json, or a hub id", code="no-model")
    parent = folder.parent
    siblings = [str(entry) for entry in _inner(parent)] if parent.is_dir() else []
    advice = nearest(name, siblings) if siblings else "give a folder with a config.json, or a hub id such as owner/name"
    return Problem(f"there is no folder '{name}', and it is no hub id", advice=advice, code="no-model")
