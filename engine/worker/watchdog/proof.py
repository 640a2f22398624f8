"""The pass at the end: whether the training changed anything, in the weights and in what the model answers."""

from typing import Any

from engine.worker.reporter import Reporter
from engine.worker.watchdog.watcher import Watcher


def proof(results: dict[str, Any], watcher: Watcher, reporter: Reporter) -> dict[str, Any]:
    """Return what shows that it learned; where nothing changed, that is said as a warning.

    `tensors` and `moved` count what trains, `answers` and `differ` the sample answers, `watched_seconds` the price.
    """
    answered = [sample for sample in results.get("samples", []) if sample.get("tuned") is not None]
    differ = sum(sample.get("base") != sample["tuned"] for sample in answered)
    found = {**watcher.moving.proof, "answers": len(answered), "differ": differ}
    if found.get("tensors") and not found["moved"]:
        reporter.on_warning(
            "nothing_moved",
            "no weight that should train has changed from beginning to end",
            "see training.learning_rate; the tuned model is the base model",
        )
    elif answered and not differ and watcher.moving.proof and results.get("goal") not in ("classify", "embed"):
        reporter.on_warning(
            "same_answers",
            f"the tuned model answers all {len(answered)} sample prompts exactly as the base does",
            "train longer or with a higher training.learning_rate, or see whether the rows teach anything new",
        )
    return {**found, "watched_seconds": round(watcher.seconds, 3)}
