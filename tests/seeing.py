"""What a run's rows look like to its model, asked in a process forked from one that has the libraries."""

import hashlib
import json
import os
import queue
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine import document
from engine.script import assemble
from tests.forge import _forge


def _voice(file: str) -> Any:
    from engine.worker.preview.__main__ import Voice

    return Voice(Path(file).open("w", encoding="utf-8"))


def _show(folder: str, limit: int, asked: Sequence[int]) -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    from engine.worker.failures import explain
    from engine.worker.preview.__main__ import show

    numbers: queue.Queue[int | None] = queue.Queue()
    for number in (*asked, None):
        numbers.put(number)
    voice = _voice(f"{folder}/said.jsonl")
    try:
        show(Path(folder, "train.py"), Path(folder, "output"), limit, voice, numbers)
    except BaseException as error:  # noqa: BLE001 - told to the test as the process tells it
        failure = explain(error)
        voice.write("failed", code=failure.code, message=failure.message, advice=failure.advice)
    voice.stream.flush()
    os._exit(0)


def _first_batch(folder: str) -> None:
    """Run the script as a worker does, with its weights, and keep the first batch that its model is given."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import TrainerCallback

    from engine.worker.worker import load

    class Grab(TrainerCallback):
        def on_train_begin(self, args, state, control, model=None, **_):
            def keep(_: Any, __: Any, given: dict[str, Any]) -> None:
                told = {name: value.tolist() for name, value in given.items() if isinstance(value, torch.Tensor)}
                Path(folder, "batch.json").write_text(json.dumps(told))
                os._exit(0)

            model.register_forward_pre_hook(keep, with_kwargs=True)

    script = Path(folder, "train.py")
    load(script, hashlib.sha256(script.read_bytes()).hexdigest()).main(callbacks=[Grab()])


def _in_a_child(target: Any, *given: Any) -> None:
    process = _forge().Process(target=target, args=given)
    process.start()
    process.join(120)
    if process.is_alive():
        process.kill()
        raise AssertionError("it did not end within 120 s")


def scripted(described: dict[str, Any], folder: Path) -> Path:
    """Write the script of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.py").write_text(assemble(document.check(described)))
    return folder


def seen(described: dict[str, Any], folder: Path, asked: Sequence[int] = (0,), rows: int = 2000) -> dict[str, Any]:
    """Return `rows`, `totals`, `notes` and `failed` of a run."""
    scripted(described, folder)
    _in_a_child(_show, str(folder), rows, tuple(asked))
    found: dict[str, Any] = {"rows": [], "totals": {}, "notes": [], "failed": None}
    for line in (folder / "said.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        kind = event.pop("type")
        if kind == "row":
            found["rows"].append(event)
        elif kind in ("totals", "cut"):
            found["totals"] |= event
        elif kind == "note":
            found["notes"].append(event["text"])
        elif kind == "failed":
            found["failed"] = event
    return found


def first_batch(described: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the first batch of a real training of a run."""
    _in_a_child(_first_batch, str(scripted(described, folder)))
    batch: dict[str, Any] = json.loads((folder / "batch.json").read_text())
    return batch


def whole(text: dict[str, Any]) -> str:
    """A text as its tokens give it."""
    return "".join(text["pieces"])


def learned(text: dict[str, Any]) -> str:
    """The part of a text that is trained on."""
    return "".join(piece for piece, trained in zip(text["pieces"], text["trained"], strict=True) if trained)
