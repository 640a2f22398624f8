"""What fits: the cheapest change that makes a run fit, the largest batch, the longest text, the smallest card."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from engine import words
from engine.cards import cards
from engine.config import Run, parse, plain
from engine.document import put
from engine.draft import Facts
from engine.estimate import OUTSIDE, Estimate, estimate
from engine.event import RESCUE
from engine.goals.embed import EmbedRun
from engine.model import ModelFacts
from engine.place import free_gib
from engine.problem import Problem
from engine.safe_files import read_json, write
from engine.sizing import SHORTEST
from engine.tables import table

SMALLER = 0.8
"""What may be needed beside a run that did not fit although it should have: its prediction was short."""
STEP = 64
"""Longest texts are offered in multiples of this."""
LONGEST = 131_072
"""The longest text that is offered where a model names no bound of its own."""
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Fields of a run with other values, in words, and what the run needs with them."""

    values: dict[str, Any]
    words: str
    estimate: Estimate

    @property
    def sentence(self) -> str:
        """The change and what it needs, as advice."""
        return f"{self.words}: that needs up to {words.gib(self.estimate.high_gib)} GiB"


def cheapest(run: Run, facts: Facts, at_most: float | None = None, *, other_method: bool = True) -> Change | None:
    """Return the change that costs least and makes a run fit into what is free, or into `at_most` GiB.

    First come changes that leave the result as it is (a smaller batch with more accumulation, a loss in tiles,
    checkpointing), then those that touch it a little (an optimizer in 8 bit, weights in 16), then the method's
    packing (`other_method`), at last shorter texts. None where none is
    enough, or nothing is known of model or memory.
    """
    model = facts.model
    room = at_most if at_most is not None else free_gib(run.launch.device, run.launch.devices, facts.machine)
    if model is None or room is None:
        return None

    def fits(values: Values) -> bool:
        spent = _estimate(run, values, model, facts)
        return spent is not None and spent.high_gib <= room

    taken: list[dict[str, Any]] = []
    for rungs in _ladder(run, model, other_method=other_method):
        for rung in rungs:
            if fits({**_merged(taken), **rung}):
                return _told(run, _without_needless(run, taken, rung, fits), facts, model)
        taken += rungs[-1:]
    return None


def least_card(spent: Estimate) -> str | None:
    """Return the smallest card of the table, by its name, on which a prediction fits."""
    enough = [card for card in cards() if card.memory_gib >= spent.high_gib]
    return min(enough, key=lambda card: card.memory_gib).name if enough else None


def largest_batch(run: Run, facts: Facts) -> tuple[int, int] | None:
    """Return the largest batch that is sure to fit, and its accumulation, that leave the rows of a step as they are.

    None where no larger batch fits, or the memory is not known.
    """
    step = run.training.batch * run.training.accumulate
    for batch in range(step, run.training.batch, -1):
        if facts.model is not None and step % batch == 0 and _fits(run, {"training.batch": batch}, facts):
            return batch, step // batch
    return None


def longest_text(run: Run, facts: Facts) -> int | None:
    """Return the greatest `max_length` at which even rows of that length are sure to fit, None where it is no news."""
    model, now = facts.model, run.training.max_length
    if model is None:
        return None
    unseen = Facts(facts.machine, model, None)
    low, high = 0, (model.context or LONGEST) // STEP
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(run, {"training.max_length": middle * STEP}, unseen):
            low = middle
        else:
            high = middle - 1
    return low * STEP if low * STEP > now else None


def remember(folder: Path, run: Run, facts: Facts) -> None:
    """Write into a run's folder what to change if its memory runs out all the same."""
    if facts.model is None:
        return
    spent = estimate(run, facts.model, facts.machine, facts.data)
    outside = sum(spent.terms.get(name, 0.0) for name in OUTSIDE)
    found = cheapest(run, facts, outside + SMALLER * (spent.high_gib - outside))
    if found is not None:
        told = {"change": found.values, "advice": found.sentence}
        write(folder, RESCUE, json.dumps(told).encode())


def remembered(folder: Path) -> dict[str, Any]:
    """Return the change that a run's folder holds for a memory that runs out; nothing where there is none."""
    try:
        return dict(read_json(folder / RESCUE)["change"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def altered(run: Run, values: Values) -> dict[str, Any]:
    """Return the plain values of a run with some fields replaced."""
    return reduce(lambda done, each: put(done, *each), values.items(), plain(run))


def foresee(run: Run, values: Values, facts: Facts) -> Estimate | None:
    """Return what a run needs with some fields replaced; None where it can't have them, or the model is not known."""
    return _estimate(run, values, facts.model, facts) if facts.model else None


def _estimate(run: Run, values: Values, model: ModelFacts, facts: Facts) -> Estimate | None:
    try:
        return estimate(parse(altered(run, values)), model, facts.machine, facts.data)
    except (
        ValueError,
        Problem,
    ):  # what does not go with this run, such as packing beside an adapter that moves its base
        return None


def _fits(run: Run, values: Values, facts: Facts) -> bool:
    spent = foresee(run, values, facts)
    return spent is not None and spent.fits is True


def _ladder(run: Run, model: ModelFacts, *, other_method: bool) -> Iterator[list[dict[str, Any]]]:
    """Yield kinds of changes from the cheapest on, each in steps that save more and more."""
    training, compares = run.training, table("guide")["goals"][run.goal].get("compares_rows")
    if getattr(training, "loss_kernel", "") == "plain" and model.kind != "seq2seq":
        yield [{"training.loss_kernel": "chunked"}]
    if isinstance(run, EmbedRun) and run.objective.rule.cached:
        yield [{"objective.mini_batch": size} for size in _halves(run.objective.mini_batch)]
    batches = [_batch(run, size) for size in _halves(training.batch)]
    if not compares:
        yield batches
    if (
        not training.gradient_checkpointing
        and table("guide")["methods"][run.method.kind].get("checkpointing") is not False
    ):
        yield [{"training.gradient_checkpointing": True}]
    if run.launch.device != "cpu" and training.optimizer == "adamw":
        yield [{"training.optimizer": "adamw_8bit"}]
    if run.launch.device != "cpu" and run.model.dtype == "fp32" and training.precision == "bf16":
        yield [{"model.dtype": "bf16"}]
    if compares:
        yield batches
    if other_method and run.method.kind == "lora" and run.launch.device != "cpu":
        yield [{"method.kind": "qlora"}]
    yield [{"training.max_length": size} for size in _halves(training.max_length) if size >= SHORTEST]


def _halves(number: int) -> list[int]:
    return [number >> by for by in range(1, number.bit_length()) if number >> by]


def _batch(run: Run, size: int) -> dict[str, Any]:
    """Return a smaller batch and the accumulation that keeps the rows of a step, rounded up."""
    rows = run.training.batch * run.training.accumulate
    return {"training.batch": size, "training.accumulate": -(-rows // size)}


def _merged(changes: list[dict[str, Any]]) -> dict[str, Any]:
    return reduce(lambda done, each: {**done, **each}, changes, {})


def _without_needless(run: Run, taken: list[dict[str, Any]], last: dict[str, Any], fits: Any) -> dict[str, Any]:
    """Return the changes that are needed: the dearest are given back first, and a batch is halved only so far."""
    needed = [*taken, last]
    for change in reversed(taken):
        fewer = [each for each in needed if each is not change]
        if fits(_merged(fewer)):
            needed = fewer
            continue
        softer = _halves_of(run, change)
        found = next((soft for soft in softer if fits({**_merged(fewer), **soft})), change)
        needed = [found if each is change else each for each in needed]
    return _merged(needed)


def _halves_of(run: Run, change: dict[str, Any]) -> list[dict[str, Any]]:
    return [_batch(run, size) for size in _halves(run.training.batch)] if "training.batch" in change else []


def _told(run: Run, values: dict[str, Any], facts: Facts, model: ModelFacts) -> Change:
    spent = _estimate(run, values, model, facts)
    assert spent is not None, "it was estimated before it was chosen"
    texts: dict[str, str] = table("guide")["changes"]
    numbers = {name.rpartition(".")[2]: value for name, value in values.items()}
    said = [texts[name].format(**numbers) for name in texts if name in values]
    return Change(values, words.joined(said), spent)
