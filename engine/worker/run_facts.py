"""What a run tells beside its measurements: its size, its memory, its time, and which checkpoint it ends with."""

import json
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


def peak_memory_gib() -> float:
    """Return the peak of the GPU's allocated memory, or of the process's own memory on a CPU, in GiB."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 2**30)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def count(models: Iterable[Any]) -> tuple[int, int]:
    """Return all weights of some models and those that train; a 4-bit weight is counted by what it stands for."""
    every = trainable = 0
    for parameter in {id(one): one for model in models for one in model.parameters()}.values():
        packed = getattr(parameter, "quant_state", None)
        size = packed.shape.numel() if packed is not None else parameter.numel()
        every += size
        trainable += size if parameter.requires_grad else 0
    return every, trainable


class RunFacts(TrainerCallback):
    """Collects them while a script runs."""

    def __init__(self) -> None:
        """Begin to count the time."""
        self.began = time.time()
        self.models: list[Any] = []
        self.found: dict[str, Any] = {}

    def loaded(self, model: Any) -> None:
        """Remember the first model that is loaded: a second one is a reference."""
        if not self.models:
            self.models.append(model)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Count the weights, while what trains is known by its gradients."""
        every, trainable = count([*self.models, model])
        metric = str(args.metric_for_best_model)
        kept = metric if metric == "eval_loss" else metric.removeprefix("eval_")
        self.found |= {"best_metric": kept, "parameters": every, "trainable": trainable}

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Note the step whose weights are kept."""
        best = state.best_model_checkpoint
        self.found["best_step"] = int(Path(best).name.split("-")[-1]) if best else int(state.global_step)

    def results(self, results: dict[str, Any], output: Path, digest: str, peaks: Iterable[float]) -> dict[str, Any]:
        """Return the script's results with these facts, which are written into its results.json too."""
        facts = dict(self.found)
        if not facts:  # nothing was trained
            facts = {"parameters": count(self.models)[0], "trainable": 0}
        facts |= {"peak_memory_gib": max([peak_memory_gib(), *peaks]), "seconds": time.time() - self.began}
        if (output / "model").is_dir():
            facts["model_folder"] = str(output / "model")
        whole = {**results, **facts, "script_sha256": digest}
        partial = output / "results.partial"
        partial.write_text(json.dumps(whole, indent=2, ensure_ascii=False), "utf-8")
        partial.replace(output / "results.json")
        return whole
