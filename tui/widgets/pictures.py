"""Which pictures a run has, found in the names of its series; the first two are the ones to look at."""

import math
import re

from engine.history import History, Series
from tui.widgets.curve import Line, Picture, sign
from tui.widgets.envelope import points
from tui.widgets.figures import count, score, value
from tui.widgets.plot import BLOCKS, LINE
from tui.widgets.spans import Part
from tui.words import literal

RETRIEVAL = re.compile(r"dim_(\d+)_cosine_ndcg@10")
TITLES = {"grad_norm": "gradient norm", "learning_rate": "learning rate", "loss": "loss"}
LAST = ("grad_norm", "learning_rate")
MARKERS = "●■▲◆▼"


def pictures(history: History) -> list[Picture]:
    """Return every picture that the events so far allow: the loss, the goal's own measure, then the rest."""
    sizes = {int(match[1]): name for name in history.evaluated if (match := RETRIEVAL.fullmatch(name))}
    ranked = {size: history.evaluated[sizes[size]] for size in sorted(sizes, reverse=True)}
    others = {_base(name): None for name in (*history.metrics, *history.evaluated) if name not in sizes.values()}
    found = [_pair("loss", history)] if "loss" in others else []
    found += [_retrieval(ranked)] if ranked else []
    ordered = sorted(others, key=lambda name: LAST.index(name) if name in LAST else -1)
    return found + [_pair(name, history) for name in ordered if name != "loss"]


def _base(name: str) -> str:
    return name.removeprefix("eval_")


def _pair(name: str, history: History) -> Picture:
    trained = history.metrics.get(name)
    evaluated = history.evaluated.get(f"eval_{name}") or history.evaluated.get(name)
    lines: list[Line] = []
    left = [Part(f"  {literal(TITLES.get(name, name.replace('_', ' ')))}   ", "strong")]
    right: list[Part] = []
    if trained is not None:
        lines.append(Line(trained, "curve"))
        left += [Part(f"{sign(LINE)} train  ", "raw", 3), Part(f"{sign(BLOCKS)} smooth  ", "smooth", 3)]
        right.append(Part(f"now {value(trained.last)}"))
    if evaluated is not None:
        lines.append(Line(evaluated, "marks" if trained is not None else "path"))
        left.append(Part(f"{sign('●')} eval", "mark", 3))
        right.append(Part(f"  eval {value(evaluated.last)}"))
        right += [Part(f"  before {value(evaluated.values[0])}", "muted", 2)] if evaluated.steps[0] == 0 else []
        right += _best(evaluated) if name in ("loss", "perplexity") else []
    return Picture(name, tuple(lines), tuple(left), (*right, Part(" ")))


def _best(evaluated: Series) -> list[Part]:
    measured = [(number, step) for step, number in points(evaluated) if not math.isnan(number)]
    if not measured:
        return []
    lowest, step = min(measured)
    return [Part(f"  best {value(lowest)} @ {count(step)}", "good", 5)]


def _retrieval(sizes: dict[int, Series]) -> Picture:
    lines, left = [], [Part("  nDCG@10 ", "strong"), Part("by dimension  ", "strong", 1)]
    for index, (size, series) in enumerate(sizes.items()):
        look = min(index, len(MARKERS) - 1)
        marker, style = MARKERS[look], f"path-{look + 1}"
        lines.append(Line(series, "path", style, marker))
        left += [Part(f"{sign(marker)} {size} ", style), Part(f"{score(series.last)}  ", "strong")]
    before = " ".join(score(series.values[0]) for series in sizes.values() if series.steps and series.steps[0] == 0)
    return Picture("retrieval", tuple(lines), tuple(left), (Part(f"before {before} ", "muted", 2),) if before else ())
