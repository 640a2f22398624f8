"""What came out of a run: the verdict, before and after, samples, and how to use the model."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from engine.best import NOTICEABLE, RETRIEVAL, gain, main_row
from tui.measured import memory_facts
from tui.widgets.figures import count, one_line, percent, value
from tui.widgets.finding_rows import found_rows
from tui.widgets.loading import further, how_to_load, loaded_as
from tui.widgets.spans import Part, Row, shorten, spread
from tui.words import duration, gib, literal, place

NAMES = {
    "eval_loss": "loss",
    "macro_f1": "macro F1",
    "rewards/accuracies": "pairs told right",
    "rewards/chosen": "reward of the chosen",
    "rewards/margins": "reward margin",
    "rewards/rejected": "reward of the rejected",
    "keep_accuracy": "kept: accuracy",
    "keep_loss": "kept: loss",
    "keep_perplexity": "kept: perplexity",
    "kl": "KL to the reference",
}
CLASSES = 8  # classes of a confusion table that still has room beside its names
FEW = 100  # test rows below which a difference of a few percent may be chance
WITHIN_CHANCE = 5.0  # percent; a smaller change on few test rows decides nothing
SAMPLES = 5
LINES = 4  # of each answer; the whole text stands in results.json


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure before and after."""

    label: str
    before: float
    after: float | None
    higher_is_better: bool

    @property
    def change(self) -> float | None:
        """Return the change in percent of the value before."""
        return (self.after - self.before) / abs(self.before) * 100 if self.before and self.after is not None else None

    @property
    def gain(self) -> float:
        """Return the change in percent, positive when it became better."""
        return 0.0 if self.after is None else gain(self.before, self.after, higher_is_better=self.higher_is_better)


def metrics(results: dict[str, Any]) -> list[Metric]:
    """Return the measures of a run's results; a row that is not complete is left out."""
    rows, alone = results.get("metrics"), is_untrained(results)
    return [_metric(row) for row in rows if _is_metric(row, alone)] if isinstance(rows, list) else []


def is_untrained(results: dict[str, Any]) -> bool:
    """Return whether a model was measured and not trained: asked alone, and with examples where there are any."""
    return results.get("goal") == "baseline"


def when(results: dict[str, Any]) -> tuple[str, str]:
    """Return the words for the two measurements of a run."""
    return ("alone", "helped") if is_untrained(results) else ("before", "after")


def _is_metric(row: Any, alone: bool) -> bool:
    numbers = [row.get(key) for key in ("baseline", "tuned")] if isinstance(row, dict) else [None]
    return all(isinstance(number, (int, float)) for number in numbers[: 1 if alone and numbers[-1] is None else 2])


def _metric(row: dict[str, Any]) -> Metric:
    name = str(row.get("name", ""))
    size = RETRIEVAL.fullmatch(name)
    label = f"nDCG@10 at {size[1]}" if size else NAMES.get(name, one_line(name.replace("_", " ")))
    return Metric(label, row["baseline"], row["tuned"], bool(row.get("higher_is_better")))


def chance(results: dict[str, Any]) -> str:
    """Return the caveat of a small test, or nothing."""
    tested = results.get("test_rows")
    if not isinstance(tested, int) or not 0 < tested < FEW:
        return ""
    return f"Only {count(tested)} test rows: a difference of a few percent may be chance."


def beaten(results: dict[str, Any]) -> bool:
    """Return whether no checkpoint is better than the base model by the metric that picked the one that is kept."""
    row = main_row(results)
    if row is None or is_untrained(results) or not _is_metric(row, alone=False):
        return False
    return _metric(row).gain <= NOTICEABLE


def verdict(measured: Sequence[Metric], caveat: str = "", *, lost: bool = False) -> Part:
    """Return in a few words, and honestly, whether the training helped; a small test decides no small change.

    `lost`: no checkpoint beats the base model by the main metric, whatever the others say.
    """
    gains = [metric.gain for metric in measured]
    if lost and gains:
        if all(each < -NOTICEABLE for each in gains):
            return Part("✗ worse than the base model: no checkpoint beats it ", "wrong")
        return Part("– no checkpoint beats the base model ", "warning")
    if caveat and gains and NOTICEABLE < max(map(abs, gains)) < WITHIN_CHANCE:
        return Part("– no clear change on so few test rows ", "warning")
    better = sum(gain > NOTICEABLE for gain in gains)
    worse = sum(gain < -NOTICEABLE for gain in gains)
    if not gains:
        return Part("nothing was measured ", "warning")
    if all(metric.after is None for metric in measured):
        return Part("measured, not trained ", "accent")
    if better == len(gains):
        return Part("✓ better than the base model ", "good")
    if worse == len(gains):
        return Part("✗ worse than the base model ", "wrong")
    if not better and not worse:
        return Part("– no better than the base model ", "warning")
    return Part(f"– mixed: {better} of {len(gains)} better, {worse} worse ", "warning")


def headline(name: str, results: dict[str, Any], *, edited: bool, width: int) -> list[Row]:
    """Return the title: what the run is called, how long it took, and the verdict."""
    took = results.get("seconds")
    done = f" · done in {duration(took)}" if isinstance(took, (int, float)) else " · done"
    mark = [Part(" · script edited by hand", "warning", 3)] if edited else []
    left = [Part(f" {shorten(name, max(16, width - 54))}", "strong"), Part(done, keep=4), *mark]
    return [spread(left, [verdict(metrics(results), chance(results), lost=beaten(results))], width)]


def page(results: dict[str, Any], method: str, width: int) -> list[Row]:
    """Return the rows below the title."""
    blocks = (
        _table(results),
        _confusion(results, width),
        _facts(results),
        found_rows(results, width),
        _samples(results, width),
        _use(results, method, width),
    )
    rows: list[Row] = []
    for block in blocks:
        if lines := list(block):
            rows += [*lines, ()]
    return rows


def _table(results: dict[str, Any]) -> Iterator[Row]:
    measured = metrics(results)
    tested = results.get("test_rows")
    title = f"on {count(tested)} rows never trained on" if isinstance(tested, int) else "on rows never trained on"
    wide = max([cell_len(title), *(cell_len(metric.label) for metric in measured)]) + 2
    first, second = when(results)
    yield (Part(f"  {title:<{wide}}"), Part(f"{first:>10}{second:>11}{'change':>12}", "muted"))
    for metric in measured:
        label, before = Part(f"  {metric.label:<{wide}}"), f"{value(metric.before):>10}"
        if metric.after is None:
            yield (label, Part(before), Part("   not trained", "muted"))
        else:
            numbers = f"{before}{value(metric.after):>11}{percent(metric.change):>12}"
            yield (label, Part(numbers), Part("   "), _judge(metric.gain))
    if caveat := chance(results):
        yield (Part(f"  {caveat}", "warning"),)


def _confusion(results: dict[str, Any], width: int) -> Iterator[Row]:
    """Yield how often each class was taken for each, where the table has room: a row is what a text was."""
    found = results.get("confusion")
    last = (found.get("after") or found.get("before")) if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(last, dict):
        return
    labels, matrix = found.get("labels"), last.get("matrix")
    if not isinstance(labels, list) or not isinstance(matrix, list) or not 0 < len(labels) <= CLASSES:
        return
    names = [shorten(one_line(str(label)), max(6, (width - 30) // len(labels) - 2)) for label in labels]
    first = max(map(cell_len, (*names, "was, taken for")))
    yield (Part(f"  {'was, taken for':<{first}}", "muted"), *(Part(f"  {name:>8}", "muted") for name in names))
    for place_, (name, counts) in enumerate(zip(names, matrix, strict=False)):
        cells = [
            Part(f"  {count(each):>{max(8, cell_len(names[at]))}}", "good" if at == place_ and each else "")
            for at, each in enumerate(counts)
        ]
        yield (Part(f"  {name:<{first}}"), *cells)


def _judge(gain: float) -> Part:
    if abs(gain) <= NOTICEABLE:
        return Part("same", "muted")
    return Part("better", "good") if gain > 0 else Part("worse", "wrong")


def _facts(results: dict[str, Any]) -> Iterator[Row]:
    weights, trained = results.get("parameters"), results.get("trainable")
    facts = []
    if isinstance(results.get("peak_memory_gib"), (int, float)):
        facts.append(("peak memory", gib(results["peak_memory_gib"])))
    if isinstance(weights, int) and isinstance(trained, int) and weights:
        share = f"{trained / weights * 100:.2f} %"
        facts.append(("trained", f"{count(trained)} of {count(weights)} weights ({share})"))
    shown = results.get("train_rows")
    if isinstance(shown, int) and not is_untrained(results):
        facts.append(("rows", f"{count(shown)} learned from"))
    elif shown:
        facts.append(("helped", f"by {count(shown)} solved examples, none of them a test row"))
    if isinstance(results.get("best_step"), int):
        words = "the best; the base model is no worse" if beaten(results) else "the best of all evaluations"
        facts.append(("kept", f"the weights of step {count(results['best_step'])}, {words}"))
    facts += memory_facts(results.get("memory"))
    if learned := _learned(results.get("proof")):
        facts.append(("learned", learned))
    for name, words in facts:
        yield (Part(f"  {name:<14}", "muted"), Part(words))


def _learned(proof: Any) -> str:
    """Return what shows that the training changed something, as the worker counted it."""
    if not isinstance(proof, dict):
        return ""
    counts = {name: proof.get(name) for name in ("moved", "tensors", "differ", "answers")}
    moved, tensors, differ, answers = (number if isinstance(number, int) else 0 for number in counts.values())
    words = [f"{count(moved)} of {count(tensors)} trained tensors moved"] if tensors else []
    words += [f"answers differ on {differ} of {answers} prompts"] if answers else []
    return " · ".join(words)


def _samples(results: dict[str, Any], width: int) -> Iterator[Row]:
    found = results.get("samples")
    samples = [sample for sample in found if isinstance(sample, dict)] if isinstance(found, list) else []
    for sample in samples[:SAMPLES]:
        yield (Part(f"  “{shorten(one_line(str(sample.get('prompt', ''))), width - 6)}”", "strong"),)
        for key, word in zip(("base", "tuned"), when(results), strict=True):
            if sample.get(key, "") is not None:
                yield from _answer(word, str(sample.get(key, "")), width)


def _answer(word: str, text: str, width: int) -> Iterator[Row]:
    lines = textwrap.wrap(one_line(text), max(20, width - 14)) or ["(nothing)"]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], shorten(lines[LINES - 1] + " " * width, width - 14)]
    for index, line in enumerate(lines):
        yield (Part(f"    {word if index == 0 else '':<8}", "muted"), Part(line))


def _use(results: dict[str, Any], method: str, width: int) -> Iterator[Row]:
    folder = results.get("model_folder")
    if not isinstance(folder, str):
        return
    path = Path(folder)
    yield (Part("  the model     ", "muted"), Part(literal(place(path))))
    room = max(20, width - 17)
    for line in how_to_load(loaded_as(results), method, path):
        for start in range(0, len(line), room):  # a long path goes on in the next row: half a path is of no use
            yield (Part("                "), Part(line[start : start + room], "accent"))
    if next_step := further(results):
        yield (Part("  what next     ", "muted"), Part(next_step))
    yield (
        Part("  the script    ", "muted"),
        Part("python train.py does the same anywhere; "),
        Part("x", "accent"),
        Part(" shows it"),
    )
