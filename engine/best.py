"""The one number of a run: its main metric at the checkpoint that is kept, and whether that beats the base model.

Every list, table and sentence takes it from here, so that no two of them differ.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from engine.history import History
from engine.series import Series
from engine.words import value

RETRIEVAL = re.compile(r"dim_(\d+)_cosine_ndcg@10")
LABELS = {
    "eval_loss": "eval loss",
    "macro_f1": "macro F1",
    "kl": "KL",
    "loss": "train loss",
}
NOTICEABLE = 0.1
"""Percent; a smaller change is called none."""
_LOWER = re.compile(r".*(loss|perplexity|kl)")
_USUAL = (RETRIEVAL, *map(re.compile, ("macro_f1", "reward", "spearman", ".*accuracy", "eval_loss")))
"""What picks the best checkpoint where a run does not say it, the most telling first."""


@dataclass(frozen=True, slots=True)
class Best:
    """A run's main metric: of the saved model where there is one, otherwise of the best checkpoint so far.

    `word` says which it is where it is not the saved model's; `before` is the untouched base model's value.
    """

    name: str
    label: str
    value: float
    step: int | None
    before: float | None = None
    word: str = ""
    higher_is_better: bool = False
    beats_base: bool | None = None

    @property
    def text(self) -> str:
        """Return it in a few words."""
        return " ".join(filter(None, (self.label, value(self.value), self.word)))


def gain(before: float, after: float, *, higher_is_better: bool) -> float:
    """Return a change in percent of the value before, positive where it became better."""
    if before == after:
        return 0.0
    change = (after - before) / abs(before) * 100 if before else math.copysign(math.inf, after - before)
    return change if higher_is_better else -change


def best(known: History) -> Best | None:
    """Return the one number of a run, None where nothing was measured."""
    return _saved(known.results or {}) or _so_far(known) or _training(known)


def main_row(results: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row of the results that picked the kept checkpoint, None where it is not among them."""
    rows = results.get("metrics")
    found = {
        str(row.get("name")): row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and _number(row.get("baseline")) is not None
    }
    name = results.get("best_metric")
    return found.get(name) if isinstance(name, str) and name in found else found.get(_usual(found) or "")


def _saved(results: dict[str, Any]) -> Best | None:
    row = main_row(results)
    if row is None:
        return None
    before, after = _number(row["baseline"]), _number(row.get("tuned"))
    step, alone = results.get("best_step"), results.get("goal") == "baseline"
    shown = after if after is not None else before if alone else None
    if shown is None:
        return None
    higher, better = bool(row.get("higher_is_better")), None
    if before is not None and after is not None and not alone:
        better = gain(before, after, higher_is_better=higher) > NOTICEABLE
    name = str(row["name"])
    return Best(name, label(name), shown, step if isinstance(step, int) else None, before, "", higher, better)


def _so_far(known: History) -> Best | None:
    begun = known.begun or {}
    told = begun.get("best_metric")
    name = told if isinstance(told, str) and told in known.evaluated else _usual(known.evaluated)
    series = known.evaluated.get(name) if name else None
    if name is None or series is None:
        return None
    higher = bool(begun.get("greater_is_better")) if name == told else _LOWER.fullmatch(name) is None
    saved = {entry["step"] for entry in known.checkpoints}
    picks = told is not None or not known.is_command
    index = best_index(series, higher_is_better=higher, among=saved) if picks else last_index(series)
    if index is None:
        return None
    before = series.values[0] if series.steps[0] == 0 and not math.isnan(series.values[0]) else None
    better = None if before is None else gain(before, series.values[index], higher_is_better=higher) > NOTICEABLE
    word = "so far" if picks else "last"
    return Best(name, label(name), series.values[index], series.steps[index], before, word, higher, better)


def _training(known: History) -> Best | None:
    loss = known.metrics.get("loss")
    if loss is None or loss.last is None:
        return None
    return Best("loss", LABELS["loss"], loss.last, known.step, word="last")


def best_index(series: Series, *, higher_is_better: bool, among: Collection[int] = ()) -> int | None:
    """Return where the best value of a series stands, the first of equal ones; the untouched model's is not meant.

    Where one of the steps `among` was measured, it is one of these: checkpoints that are kept.
    """
    measured = [index for index, step in enumerate(series.steps) if step > 0 and not math.isnan(series.values[index])]
    kept = [index for index in measured if series.steps[index] in among]
    sign = 1 if higher_is_better else -1
    return max(kept or measured, key=lambda index: (sign * series.values[index], -index), default=None)


def last_index(series: Series) -> int | None:
    """Return where the newest number of a series stands."""
    return next((index for index in reversed(range(len(series))) if not math.isnan(series.values[index])), None)


def label(name: str) -> str:
    """Return how a metric is called in one line."""
    return "nDCG@10" if RETRIEVAL.fullmatch(name) else LABELS.get(name, name.replace("_", " "))


def _usual(names: Collection[str]) -> str | None:
    own = [name for name in names if not name.startswith("keep_")]
    return next((name for usual in _USUAL for name in own if usual.fullmatch(name)), own[0] if own else None)


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, (int, float)) and math.isfinite(told) else None
