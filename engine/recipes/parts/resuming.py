"""Training from the newest whole checkpoint on, which every checkpoint's manifest proves, to the end."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments, set_seed

from engine.recipes.parts.arguments import EPOCHS, MAX_STEPS
from engine.recipes.parts.begin import SEED
from engine.recipes.parts.data.files_read import files_read
from engine.recipes.parts.manifest import digest, file_facts, flaw_in, read_manifest, write_manifest
from engine.recipes.parts.output import output
from engine.recipes.parts.warnings import warn

KEEP_CHECKPOINTS: int = 2  # checkpoints that stay on the disk beside the best one


def checkpoints() -> list[Path]:
    """Return the checkpoints in the output folder, the newest last."""
    found = [path for path in output().glob("checkpoint-*") if path.name.split("-")[-1].isdigit()]
    return sorted(found, key=lambda path: int(path.name.split("-")[-1]))


def best_before(checkpoint: Path) -> Path | None:
    """Return the best checkpoint that this one remembers, in the present place of the output folder."""
    best = json.loads((checkpoint / "trainer_state.json").read_text())["best_model_checkpoint"]
    return output() / Path(best).name if best else None


def flaw_of(checkpoint: Path) -> str:
    """Return why a checkpoint is not whole, empty if it is; the best one before belongs to it."""
    if wrong := flaw_in(checkpoint):
        return wrong
    best = best_before(checkpoint)
    return f"{best.name}, the best before it, is not whole: {wrong}" if best and (wrong := flaw_in(best)) else ""


def newest_checkpoint(callbacks: Sequence[TrainerCallback]) -> Path | None:
    """Return the newest whole checkpoint, and set later ones aside; None is a fresh start.

    Where the only ones are damaged, the first try says so and ends; the next one trains from the beginning.
    """
    flaws = {checkpoint: flaw_of(checkpoint) for checkpoint in reversed(checkpoints())}
    whole = [checkpoint for checkpoint, wrong in flaws.items() if not wrong]
    chosen = next(iter(whole or [checkpoint for checkpoint in flaws if not flaw_in(checkpoint)]), None)
    damaged = []
    for checkpoint, wrong in flaws.items():
        if checkpoint == chosen:
            break
        if (checkpoint / "manifest.json").exists():
            damaged.append(f"{checkpoint.name}: {wrong}")
        put_aside(checkpoint, wrong, callbacks)
    if damaged and not chosen:
        raise RuntimeError(f"no checkpoint is whole any more ({'; '.join(damaged)})")
    return chosen


def put_aside(checkpoint: Path, wrong: str, callbacks: Sequence[TrainerCallback]) -> None:
    """Give a checkpoint another name and say so; one that was never written to its end holds nothing of use."""
    if not (checkpoint / "manifest.json").exists() and not (checkpoint / "trainer_state.json").exists():
        print(f"{checkpoint.name} was not written to its end and is removed", flush=True)
        shutil.rmtree(checkpoint)
        return
    kept = checkpoint.with_name(f"damaged-{checkpoint.name}")
    shutil.rmtree(kept, ignore_errors=True)
    checkpoint.rename(kept)
    what = f"the training can't go on from {checkpoint.name}: {wrong}"
    warn("checkpoint_damaged", what, f"it is kept as {kept.name}", callbacks)


def origin() -> dict[str, Any]:
    """Return what a checkpoint is made from: the hash of this script, its settings, and the files of its rows."""
    data = [Path(name) for name in files_read()]
    return {
        "script": digest(Path(__file__)),
        "settings": {name: globals()[name] for name in globals().get("__annotations__", {}) if name.isupper()},
        "data": dict(zip(map(str, data), file_facts(data), strict=True)),
    }


def tell_changes(checkpoint: Path, now: dict[str, Any], callbacks: Sequence[TrainerCallback]) -> None:
    """Say which settings and which rows are no longer those that a checkpoint was made from."""
    then, now = read_manifest(checkpoint)["made_from"], json.loads(json.dumps(now))
    changed = [name for name, value in now["settings"].items() if then["settings"].get(name) != value]
    changed += [name for name in now["data"] if then["data"].get(name, {}).get("sha256") != now["data"][name]["sha256"]]
    if changed:
        what = f"changed since {checkpoint.name} was saved: {', '.join(changed)}"
        warn("changed_since_checkpoint", what, "the steps from here on differ from those before", callbacks)


class CheckpointKeeper(TrainerCallback):
    """Completes every checkpoint with its manifest, and only then removes the oldest."""

    def __init__(self, made_from: dict[str, Any], checkpoint: Path | None) -> None:
        """Know what the checkpoints are made from, and the one that the training goes on from."""
        self.made_from, self.checkpoint = made_from, checkpoint

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Give a resumed training its best checkpoint, wherever its folder lies by now; forget one that is damaged."""
        best = best_before(self.checkpoint) if self.checkpoint else None
        if best and flaw_in(best):
            state.best_model_checkpoint = state.best_metric = state.best_global_step = None
        elif best:
            state.best_model_checkpoint = str(best)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Complete the newest, and keep KEEP_CHECKPOINTS beside the best."""
        found = checkpoints()
        write_manifest(found[-1], self.made_from)
        spare = [path for path in found[:-1] if str(path) != state.best_model_checkpoint]
        for path in spare[: max(0, len(found) - KEEP_CHECKPOINTS - 1)]:
            (path / "manifest.json").unlink(missing_ok=True)  # a half removed one is no damaged one
            shutil.rmtree(path, ignore_errors=True)


def finish(trainer: Trainer, checkpoint: Path) -> None:
    """Take up a checkpoint after which nothing is left to train, and load the best weights."""
    trainer._load_from_checkpoint(str(checkpoint))
    trainer._load_rng_state(str(checkpoint))
    trainer.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    trainer.callback_handler.optimizer = trainer.create_optimizer()  # callbacks expect one
    trainer.control = trainer.callback_handler.on_train_begin(trainer.args, trainer.state, trainer.control)
    if trainer.state.best_model_checkpoint:
        trainer._load_best_model()
    trainer.control = trainer.callback_handler.on_train_end(trainer.args, trainer.state, trainer.control)


def planned_steps(checkpoint: Path, steps: int) -> int:
    """Return where a resumed training ends: after the script's steps, or earlier if that was decided while it ran."""
    settings = read_manifest(checkpoint)["made_from"]["settings"]
    saved: int = json.loads((checkpoint / "trainer_state.json").read_text())["max_steps"]
    edited = settings.get("EPOCHS") != EPOCHS or settings.get("MAX_STEPS", MAX_STEPS) != MAX_STEPS
    return steps if edited else min(saved, steps)


def is_over(trainer: Trainer, checkpoint: Path) -> bool:
    """Return whether a checkpoint is the end of the training: the trainers would take one step more."""
    *_, steps = trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())
    done: int = json.loads((checkpoint / "trainer_state.json").read_text())["global_step"]
    return done >= planned_steps(checkpoint, int(steps))


def take_up(trainer: Any) -> Path | None:
    """Return the checkpoint that the training goes on from, and let every later one be completed and kept."""
    callbacks, made_from = trainer.callback_handler.callbacks, origin()
    checkpoint = newest_checkpoint(callbacks)
    if checkpoint:
        tell_changes(checkpoint, made_from, callbacks)
    callbacks.insert(0, CheckpointKeeper(made_from, checkpoint))
    return checkpoint


def train_on(trainer: Any, checkpoint: Path | None) -> None:
    """Train from a checkpoint, or from the beginning, to the end."""
    if checkpoint and isinstance(trainer, Trainer) and is_over(trainer, checkpoint):
        finish(trainer, checkpoint)
    else:
        set_seed(SEED)  # what was measured before is not measured again by a run that was killed, and draws numbers
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
