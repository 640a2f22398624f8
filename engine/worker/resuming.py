"""What a run's checkpoints are held to: damaged ones are set aside, and what has changed since the newest is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.worker.manifest import COMPLETE, MANIFEST, digest, file_facts, flaw_in, read_manifest, write_manifest

SOURCES = ("TRAIN", "TEST", "KEEP")
"""The settings of a script that name files of rows."""


class Checkpoints(TrainerCallback):
    """Knows what the checkpoints of a run are made from, and whether they still hold what was saved."""

    def __init__(self, script: ModuleType, tell: Callable[[str, str, str], None]) -> None:
        """Look after the checkpoints of a script; `tell` takes code, message and advice of a warning."""
        self.script, self.tell = script, tell
        self.folder = Path(str(script.__file__)).parent
        self.output = self.folder / vars(script).get("OUTPUT", "output")
        self.made_from: dict[str, Any] = {}

    def set_damaged_aside(self) -> None:
        """Leave the script whole checkpoints only; where none is left, the first try says so and ends."""
        flaws = {checkpoint: flaw_of(checkpoint) for checkpoint in reversed(self.saved())}
        whole = [checkpoint for checkpoint, wrong in flaws.items() if not wrong]
        chosen = next(iter(whole or [checkpoint for checkpoint in flaws if not flaw_in(checkpoint)]), None)
        damaged = []
        for checkpoint, wrong in flaws.items():
            if checkpoint == chosen:
                break
            if (checkpoint / COMPLETE).exists() or (checkpoint / MANIFEST).exists():
                damaged.append(f"{checkpoint.name}: {wrong}")
            self.put_aside(checkpoint, wrong)
        if damaged and not chosen:
            raise RuntimeError(f"no checkpoint is whole any more ({'; '.join(damaged)})")

    def put_aside(self, checkpoint: Path, wrong: str) -> None:
        """Give a checkpoint another name and say so; one that was never written to its end holds nothing of use."""
        if not any((checkpoint / name).exists() for name in (COMPLETE, MANIFEST, "trainer_state.json")):
            print(f"{checkpoint.name} was not written to its end and is removed", flush=True)
            shutil.rmtree(checkpoint)
            return
        kept = checkpoint.with_name(f"damaged-{checkpoint.name}")
        shutil.rmtree(kept, ignore_errors=True)
        checkpoint.rename(kept)
        what = f"the training can't go on from {checkpoint.name}: {wrong}"
        self.warn("checkpoint_damaged", what, f"it is kept as {kept.name}")

    def saved(self) -> list[Path]:
        """Return the checkpoints, the newest last."""
        found = [path for path in self.output.glob("checkpoint-*") if path.name.split("-")[-1].isdigit()]
        return sorted(found, key=lambda path: int(path.name.split("-")[-1]))

    def origin(self) -> dict[str, Any]:
        """Return what a checkpoint is made from: the hash of the script, its settings, and the files of its rows."""
        known = vars(self.script)
        settings = {name: known[name] for name in known.get("__annotations__", {}) if name.isupper()}
        files = sorted(file for name in SOURCES for file in files_of(known.get(name)))
        data = dict(zip(map(str, files), file_facts(files), strict=True))
        return {"script": digest(self.folder / "train.py"), "settings": settings, "data": data}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Say which settings and rows are no longer those of the checkpoint that a training goes on from."""
        self.made_from = json.loads(json.dumps(self.origin()))
        checkpoint = self.output / f"checkpoint-{state.global_step}"
        if then := read_manifest(checkpoint).get("made_from"):
            self.tell_changes(checkpoint.name, then)

    def tell_changes(self, checkpoint: str, then: dict[str, Any]) -> None:
        """Name the settings and files that are others than then."""
        now = self.made_from
        changed = [name for name, value in now["settings"].items() if then["settings"].get(name) != value]
        data = now["data"].items()
        changed += [name for name, facts in data if then["data"].get(name, {}).get("sha256") != facts["sha256"]]
        if changed:
            what = f"changed since {checkpoint} was saved: {', '.join(changed)}"
            self.warn("changed_since_checkpoint", what, "the steps from here on differ from those before")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Add hashes to what the script itself says of its newest checkpoint."""
        write_manifest(self.output / f"checkpoint-{state.global_step}", self.made_from)

    def warn(self, code: str, what: str, advice: str) -> None:
        """Print a warning, and tell it."""
        print(f"warning: {what}; {advice}", flush=True)
        self.tell(code, what, advice)


def flaw_of(checkpoint: Path) -> str:
    """Return why a checkpoint is not whole, empty if it is; the best one before belongs to it."""
    if wrong := flaw_in(checkpoint):
        return wrong
    best = json.loads((checkpoint / "trainer_state.json").read_text())["best_model_checkpoint"]
    before = checkpoint.with_name(Path(best).name) if best else checkpoint
    return f"{before.name}, the best before it, is not whole: {wrong}" if (wrong := flaw_in(before)) else ""


def files_of(source: Any) -> list[Path]:
    """Return the files of rows that a setting names: a file, a folder, a pattern, or tasks with a file and a test."""
    if isinstance(source, (list, tuple)):
        return [file for task in source for name in ("file", "test") for file in files_of(task.get(name))]
    if not source:
        return []
    path = Path(source)
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file() and not is_hidden(file.relative_to(path))]
    found = [path] if path.exists() else Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    return [file for file in found if file.is_file()]


def is_hidden(file: Path) -> bool:
    """Return whether a file of a folder holds no rows: hidden ones, and those that tell about the others."""
    stem = file.name.split(".")[0].lower()
    return any(part.startswith((".", "_")) for part in file.parts) or stem in ("readme", "license", "licence", "notice")
