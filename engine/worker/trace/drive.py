"""Runs a run's own script up to its training, on shapes; the training is two steps that are counted."""

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Trainer

from engine.worker.model_code import guard_model_code
from engine.worker.trace import attention, card, edges
from engine.worker.trace.account import account
from engine.worker.trace.ledger import Ledger
from engine.worker.trace.rows import by_length, longest, made_up, outside, stretched
from engine.worker.trace.stepping import Traced, two_steps

DONE_BEFORE = ("measured_once", "check_halves", "check_method", "check_encoder_method")
"""Functions of a script that measure or check before the training: they ask for numbers, which are not there."""


def dry_run(task: dict[str, Any]) -> dict[str, Any]:
    """Trace a script: `script`, `columns`, `rows` (read the real ones), `length`, `padded`, `card`.

    With `numbers` the same steps are done on real weights, which is how the shapes are checked.
    """
    began = time.time()
    numbers = task["numbers"]
    guard_model_code()
    own = numbers or edges.stand_in(task["base"])
    if task["card"]:
        attention.stand_in()
        card.stand_in()
    ledger = Ledger(answer=not numbers)
    module = load(Path(task["script"]))
    if not numbers:
        edges.stand_in_references()
    if task["card"]:
        card.stand_in_tiles()
    found: dict[str, Any] = {}
    real = own and task["rows"]
    prepare(module, task, real)

    def train(trainer: Trainer, *_: Any, **__: Any) -> None:
        batch = outside(lambda: first_batch(trainer, module, task, real))
        ledger.yes = not outside(lambda: unequal(batch))
        marks = two_steps(trainer, [batch], ledger)
        found.update(account(ledger, marks, card=task["card"]))
        raise Traced

    Trainer.train = train  # type: ignore[method-assign, assignment]
    try:
        with on_shapes(task), ledger:
            module.main()
    except Traced:
        return {**found, "seconds": time.time() - began, "rows": bool(real)}
    raise RuntimeError("the script ended before its training began")


@contextmanager
def on_shapes(task: dict[str, Any]) -> Iterator[None]:
    """Make tensors without numbers, unless the steps are real ones."""
    with nullcontext() if task["numbers"] else FakeTensorMode(allow_non_fake_inputs=True):
        yield


def prepare(module: ModuleType, task: dict[str, Any], real: bool) -> None:
    """Give the script rows, and take away what asks for numbers."""
    names: Any = vars(module)
    read = names.get("read")

    def rows(source: str) -> Any:
        if real and read is not None:
            return outside(lambda: longest(read(source), names["BATCH"]))
        return outside(lambda: made_up(task["columns"], names["BATCH"], task["length"]))

    if read is not None:
        names["read"] = rows
    if "split" in names:
        names["split"] = lambda rows, *_, **__: (rows, rows)
    for name in DONE_BEFORE:
        if name in names:
            names[name] = lambda *_, **__: {}


def first_batch(trainer: Trainer, module: ModuleType, task: dict[str, Any], real: bool) -> dict[str, Any]:
    """Return the longest batch, made by the trainer's own collator."""
    batch = vars(module)["BATCH"]
    rows = trainer.train_dataset
    if real:
        trainer.train_dataset = by_length(rows).select(range(min(batch, len(rows)))) if len(rows) else rows
    else:
        trainer.train_dataset = stretched(rows, task["length"], batch, task["padded"])
    found: dict[str, Any] = next(iter(trainer.get_train_dataloader()))
    return found


def unequal(batch: dict[str, Any]) -> bool:
    """Return whether a batch has padding in it."""
    masks = [
        value for name, value in batch.items() if name.endswith("attention_mask") and isinstance(value, torch.Tensor)
    ]
    return any(not bool(mask.all()) for mask in masks)


def load(script: Path) -> ModuleType:
    """Import a script under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"dry_{script.stem}", script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{script} can't be read")
    os.environ.pop("SMOKE_TEST", None)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
