"""Checkpoints: each is marked when it is whole, and a training goes on from the newest one that is."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.recipes.parts.output import output

KEEP_CHECKPOINTS: int = 2  # checkpoints that stay on the disk beside the best one


class CheckpointMarker(TrainerCallback):
    """Marks every checkpoint as whole when it is, and keeps the newest ones and the best."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Find the best checkpoint of a resumed training where its folder is now; forget one that is gone."""
        if not state.global_step:
            return
        resumed = output() / f"checkpoint-{state.global_step}" / "trainer_state.json"
        best = json.loads(resumed.read_text())["best_model_checkpoint"]
        if best and is_whole(output() / Path(best).name):
            state.best_model_checkpoint = str(output() / Path(best).name)
        elif best:
            state.best_model_checkpoint = state.best_metric = state.best_global_step = None

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write down the files of the new checkpoint with their sizes; only then is an older one removed."""
        newest = output() / f"checkpoint-{state.global_step}"
        own = ("complete.json", "manifest.json")  # there already where a checkpoint is saved twice
        files = [file for file in newest.rglob("*") if file.is_file() and file.name not in own]
        sizes = {file.relative_to(newest).as_posix(): file.stat().st_size for file in files}
        (newest / "complete.json").write_text(json.dumps(sizes))
        beside_best = [path for path in checkpoints() if str(path) != state.best_model_checkpoint]
        for path in beside_best[:-KEEP_CHECKPOINTS]:
            shutil.rmtree(path, ignore_errors=True)


def checkpoints() -> list[Path]:
    """Return the checkpoints in the output folder, the newest last."""
    found = [path for path in output().glob("checkpoint-*") if path.name.split("-")[-1].isdigit()]
    return sorted(found, key=lambda path: int(path.name.split("-")[-1]))


def is_whole(checkpoint: Path) -> bool:
    """Return whether a checkpoint was written to its end and still has all its files."""
    with suppress(OSError, ValueError):
        sizes = json.loads((checkpoint / "complete.json").read_text())
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    return False


def newest_checkpoint() -> Path | None:
    """Return the newest whole checkpoint, None for a fresh start; later ones, which a kill left torn, are renamed."""
    for checkpoint in reversed(checkpoints()):
        if is_whole(checkpoint):
            return checkpoint
        print(f"{checkpoint.name} is not whole and is kept as damaged-{checkpoint.name}", flush=True)
        damaged = checkpoint.with_name(f"damaged-{checkpoint.name}")
        shutil.rmtree(damaged, ignore_errors=True)
        checkpoint.rename(damaged)
    return None
