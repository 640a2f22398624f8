"""A model that is measured and not trained: what is told of it, and what comes out."""

import json
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import get_reporting_integration_callbacks

from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.output import output
from engine.recipes.parts.reading import BATCH, PRECISION

TRACKING: tuple[str, ...] = ()  # trackers that get the measures as well


def asking() -> dict[str, Any]:
    """Return what a trainer is told that only evaluates."""
    return {
        "output_dir": str(output()),
        "per_device_eval_batch_size": BATCH,
        "bf16": PRECISION == "bfloat16",
        "fp16": PRECISION == "float16",
        "use_cpu": DEVICE == "cpu",
        "report_to": "none",
    }


def tell(metrics: dict[str, float], shots: int, callbacks: Sequence[TrainerCallback]) -> None:
    """Tell callbacks what was measured; the examples before a question stand where a training has its steps."""
    args, state, control = TrainingArguments(**asking()), TrainerState(global_step=shots, epoch=0.0), TrainerControl()
    for callback in callbacks:
        callback.on_evaluate(args, state, control, metrics=dict(metrics))
    for tracker in get_reporting_integration_callbacks(list(TRACKING)):
        tracker().on_log(args, state, control, logs=dict(metrics))


def side_by_side(before: dict[str, float], after: dict[str, float] | None, higher: dict[str, bool]) -> list[Any]:
    """Return a row per metric: without examples, and with them where there are any; improvement in percent."""
    rows = []
    for name, is_higher in higher.items():
        base, tuned = before[name], None if after is None else after[name]
        change = (tuned - base) / abs(base) * 100 if tuned is not None and base else None
        gain = change if is_higher or change is None else -change
        kept = name if name == "eval_loss" else name.removeprefix("eval_")
        rows.append(
            {"name": kept, "baseline": base, "tuned": tuned, "improvement": gain, "higher_is_better": is_higher}
        )
    return rows


def report(results: dict[str, Any]) -> dict[str, Any]:
    """Write results.json, print the metrics, and return the results."""
    whole = {"goal": "baseline", **results}
    output().mkdir(parents=True, exist_ok=True)
    (output() / "results.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False), "utf-8")
    for row in results["metrics"]:
        shown = [f"{row[key]:.4f}" for key in ("baseline", "tuned") if row[key] is not None]
        print(f"{row['name']}: {' -> '.join(shown)}")
    return whole
