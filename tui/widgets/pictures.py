"""Which pictures a run has, found in the names of its series; the first two are the ones to look at."""

import re
from dataclasses import replace

from engine.best import RETRIEVAL, best, best_index
from engine.history import History
from engine.series import Series
from tui.widgets.curve import sign
from tui.widgets.figures import count, score, value
from tui.widgets.picture import Line, Picture, Sign
from tui.widgets.plot import BLOCKS, LINE
from tui.widgets.spans import Part
from tui.words import literal

FAMILIES = {
    "retrieval": ("nDCG@10 ", "by dimension  ", RETRIEVAL),
    "mrr": ("MRR@10 ", "by dimension  ", re.compile(r"dim_(\d+)_cosine_mrr@10")),
    "rewards": ("rewards ", "of both answers  ", re.compile(r"rewards/(chosen|rejected)")),
}
"""Series that are drawn together: the two parts of the title, and what tells them apart in their names."""
TITLES = {
    "grad_norm": "gradient norm",
    "kl": "KL to the reference",
    "macro_f1": "macro F1",
    "rewards/accuracies": "pairs told right",
    "rewards/margins": "reward margin",
    "keep_accuracy": "accuracy on what should be kept",
    "keep_loss": "loss on what should be kept",
    "keep_perplexity": "perplexity on what should be kept",
    "teacher_loss": "the teacher's own loss",
    "penalty": "penalty for forgetting",
    "clip_fraction": "clipped share",
    "value_loss": "loss of the critic",
    "policy_loss": "loss of the policy",
    "length": "length of the answers",
    "speed": "speed, steps/s",
    "memory": "memory, GiB",
}
FIRST = ("reward", "rewards/margins", "rewards/accuracies", "macro_f1", "accuracy", "spearman", "keep_loss", "kl")
LAST = (
    "entropy",
    "clip_fraction",
    "value_loss",
    "policy_loss",
    "length",
    "grad_norm",
    "learning_rate",
    "speed",
    "memory",
)
MARKERS = "●■▲◆▼"
LOWER = re.compile(r"loss|perplexity|keep_loss|keep_perplexity")
HIGHER = re.compile(r".*(accuracy|accuracies|f1|ndcg|mrr|spearman|recall|precision|reward|rewards/margins|win_rate).*")
"""Measures of which a small, and of which a large value is a good one; of others nothing is called the best."""


def pictures(history: History) -> list[Picture]:
    """Return every picture that the events so far allow: the loss, the goal's own measure, then the rest."""
    begun, signs = history.first_time, _signs(history)
    return [
        replace(picture, lines=tuple(replace(line, begun=begun) for line in picture.lines), signs=signs)
        for picture in _pictures(history)
    ]


def _signs(history: History) -> tuple[Sign, ...]:
    saved = Sign("◆" if sign("◆") == "◆" else "S", "good", tuple(entry["step"] for entry in history.checkpoints))
    warned = Sign("!", "warning", tuple(entry["step"] for entry in history.warnings))
    return tuple(each for each in (saved, warned) if each.steps)


def _pictures(history: History) -> list[Picture]:
    names = dict.fromkeys(_base(name) for name in (*history.metrics, *history.evaluated, *history.machine))
    found = [_pair("loss", history)] if names.pop("loss", 0) is None else []
    families = {name: _members(pattern, list(names), history) for name, (_, _, pattern) in FAMILIES.items()}
    for name, members in families.items():
        names = {other: None for other in names if FAMILIES[name][2].fullmatch(other) is None}
        found += [_family(name, members, history)] if members else []
    return found + [_pair(name, history) for name in sorted(names, key=_place)]


def _place(name: str) -> int:
    """Return where a measure stands: what the goal is about first, how the training feels last."""
    return FIRST.index(name) - len(FIRST) if name in FIRST else LAST.index(name) + 1 if name in LAST else 0


def _members(pattern: re.Pattern[str], names: list[str], history: History) -> dict[str, Series]:
    """Return the series of a family by what tells them apart, numbers from large to small."""
    found = {match[1]: _series(name, history) for name in names if (match := pattern.fullmatch(name))}
    order = sorted(found, key=lambda label: -int(label) if label.isdigit() else 0)
    return {label: found[label] for label in order}


def _series(name: str, history: History) -> Series:
    """Return what was measured on the test rows under a name, or while training where there is nothing else."""
    return history.evaluated.get(f"eval_{name}") or history.evaluated.get(name) or history.metrics[name]


def _base(name: str) -> str:
    return name.removeprefix("eval_")


def _pair(name: str, history: History) -> Picture:
    trained = history.metrics.get(name) or history.machine.get(name)
    evaluated = history.evaluated.get(f"eval_{name}") or history.evaluated.get(name)
    lines: list[Line] = []
    left = [Part(f"  {literal(TITLES.get(name, name.replace('_', ' ')))}   ", "strong")]
    right: list[Part] = []
    if trained is not None:
        lines.append(Line(trained, "curve", name="train" if name in history.metrics else ""))
        left += [Part(f"{sign(LINE)} train  ", "raw", 3), Part(f"{sign(BLOCKS)} smooth  ", "smooth", 3)]
        right.append(Part(f"now {value(trained.last)}"))
    if evaluated is not None:
        lines.append(Line(evaluated, "marks" if trained is not None else "path", name="eval"))
        left.append(Part(f"{sign('●')} eval", "mark", 3))
        right.append(Part(f"  eval {value(evaluated.last)}"))
        right += [Part(f"  before {value(evaluated.values[0])}", "muted", 2)] if evaluated.steps[0] == 0 else []
        step = _best_step(name, evaluated, history)
        lines += _star(evaluated, step)
        right += _best(evaluated, step)
    return Picture(name, tuple(lines), tuple(left), (*right, Part(" ")))


def _best_step(name: str, evaluated: Series, history: History) -> int | None:
    """Return the step of the best checkpoint by the run's main metric; without one, that of this measure's best."""
    found = best(history)
    if found is not None and found.word != "last":
        return found.step
    index = None
    if LOWER.fullmatch(name) or HIGHER.fullmatch(name) or name == "retrieval":
        index = best_index(evaluated, higher_is_better=LOWER.fullmatch(name) is None)
    return None if index is None else evaluated.steps[index]


def _star(evaluated: Series, step: int | None) -> list[Line]:
    return [] if step is None or step not in evaluated.steps else [Line(evaluated, "star", "good", "★", step=step)]


def _best(evaluated: Series, step: int | None) -> list[Part]:
    if step is None or step not in evaluated.steps:
        return []
    return [
        Part(f"  {sign('★')} best {value(evaluated.values[evaluated.steps.index(step)])} @ {count(step)}", "good", 5)
    ]


def _family(name: str, members: dict[str, Series], history: History) -> Picture:
    title, by, _ = FAMILIES[name]
    shown = score if name in ("retrieval", "mrr") else value
    lines, left = [], [Part(f"  {title}", "strong"), Part(by, "strong", 1)]
    for index, (label, series) in enumerate(members.items()):
        look = min(index, len(MARKERS) - 1)
        marker, style = MARKERS[look], f"path-{look + 1}"
        lines.append(Line(series, "path", style, marker, label))
        left += [Part(f"{sign(marker)} {label} ", style), Part(f"{shown(series.last)}  ", "strong")]
    first = next(iter(members.values()))
    lines += _star(first, _best_step(name, first, history)) if name in ("retrieval", "mrr") else []
    before = " ".join(shown(series.values[0]) for series in members.values() if series.steps and series.steps[0] == 0)
    return Picture(name, tuple(lines), tuple(left), (Part(f"before {before} ", "muted", 2),) if before else ())
