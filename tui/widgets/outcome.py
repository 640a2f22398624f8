"""What came out of a run: the verdict, before and after, samples, and how to use the model."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from tui.widgets.figures import count, one_line, percent, value
from tui.widgets.pictures import RETRIEVAL
from tui.widgets.spans import Part, Row, shorten, spread
from tui.words import duration, gib, literal, place

NAMES = {
    "eval_loss": "loss",
    "macro_f1": "macro F1",
    "rewards/accuracies": "pairs told right",
    "rewards/chosen": "reward of the chosen",
    "rewards/margins": "reward margin",
    "rewards/rejected": "reward of the rejected",
    "keep_loss": "kept: loss",
    "keep_perplexity": "kept: perplexity",
    "kl": "KL to the reference",
}
LOADERS = {
    "classify": ("AutoModelForSequenceClassification", "AutoPeftModelForSequenceClassification"),
    "reward": ("AutoModelForSequenceClassification", "AutoPeftModelForSequenceClassification"),
}
WHOLE = frozenset({"full", "layers", "head", "none"})
"""Methods whose result is a whole model, not an adapter."""
CLASSES = 8  # classes of a confusion table that still has room beside its names
NOTICEABLE = 0.1  # percent; a smaller change is called none
FEW = 100  # test rows below which a difference of a few percent may be chance
WITHIN_CHANCE = 5.0  # percent; a smaller change on few test rows decides nothing
SAMPLES = 5
LINES = 4  # of each answer; the whole text stands in results.json


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure before and after."""

    label: str
    before: float
    after: float
    higher_is_better: bool

    @property
    def change(self) -> float | None:
        """Return the change in percent of the value before."""
        return (self.after - self.before) / abs(self.before) * 100 if self.before else None

    @property
    def gain(self) -> float:
        """Return the change in percent, positive when it became better."""
        change = self.change if self.change is not None else math.copysign(math.inf, self.after - self.before)
        return 0.0 if self.after == self.before else change if self.higher_is_better else -change


def metrics(results: dict[str, Any]) -> list[Metric]:
    """Return the measures of a run's results; a row that is not complete is left out."""
    rows = results.get("metrics")
    return [_metric(row) for row in rows if _is_metric(row)] if isinstance(rows, list) else []


def _is_metric(row: Any) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(key), (int, float)) for key in ("baseline", "tuned"))


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


def verdict(measured: Sequence[Metric], caveat: str = "") -> Part:
    """Return in a few words, and honestly, whether the training helped; a small test decides no small change."""
    gains = [metric.gain for metric in measured]
    if caveat and gains and NOTICEABLE < max(map(abs, gains)) < WITHIN_CHANCE:
        return Part("– no clear change on so few test rows ", "warning")
    better = sum(gain > NOTICEABLE for gain in gains)
    worse = sum(gain < -NOTICEABLE for gain in gains)
    if not gains:
        return Part("nothing was measured ", "warning")
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
    return [spread(left, [verdict(metrics(results), chance(results))], width)]


def page(results: dict[str, Any], method: str, width: int) -> list[Row]:
    """Return the rows below the title."""
    blocks = (
        _table(results),
        _confusion(results, width),
        _facts(results),
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
    yield (Part(f"  {title:<{wide}}"), Part(f"{'before':>10}{'after':>11}{'change':>12}", "muted"))
    for metric in measured:
        numbers = f"{value(metric.before):>10}{value(metric.after):>11}{percent(metric.change):>12}"
        yield (Part(f"  {metric.label:<{wide}}"), Part(numbers), Part("   "), _judge(metric.gain))
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
    if isinstance(results.get("train_rows"), int):
        facts.append(("rows", f"{count(results['train_rows'])} learned from"))
    if isinstance(results.get("best_step"), int):
        facts.append(("kept", f"the weights of step {count(results['best_step'])}, the best of all evaluations"))
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
        for key, word in (("base", "before"), ("tuned", "after")):
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
    for line in how_to_load(str(results.get("goal", "")), method, path):
        for start in range(0, len(line), room):  # a long path goes on in the next row: half a path is of no use
            yield (Part("                "), Part(line[start : start + room], "accent"))
    yield (
        Part("  the script    ", "muted"),
        Part("python train.py does the same anywhere; "),
        Part("x", "accent"),
        Part(" shows it"),
    )


def how_to_load(goal: str, method: str, folder: Path) -> list[str]:
    """Return the lines of Python that load the tuned model, after its card says how where the method needs more."""
    if goal == "embed":
        return [
            "from sentence_transformers import SentenceTransformer",
            f"model = SentenceTransformer({str(folder)!r})",
        ]
    if method == "bottleneck":
        return [f"see {folder.name}/README.md: the added layers need the few lines that stand there"]
    whole = method in WHOLE
    name = LOADERS.get(goal, ("AutoModelForCausalLM", "AutoPeftModelForCausalLM"))[not whole]
    return [
        f"from {'transformers' if whole else 'peft'} import {name}",
        f"model = {name}.from_pretrained({str(folder)!r})",
    ]
