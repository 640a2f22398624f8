"""What memory decides: storage, length, batch, accumulation and checkpointing."""

from dataclasses import replace

from engine import words
from engine.document import check, put
from engine.draft import Draft, Facts, why
from engine.estimate import interval, memory
from engine.load import one_step
from engine.losses import losses
from engine.machine import GIB
from engine.model import ModelFacts
from engine.step import Step
from engine.terms import kept

LARGE = 1_000_000_000
"""Parameters from which checkpointing is the careful choice where memory is not known."""
SHORTEST = 256
"""Tokens under which a text is not cut for the sake of memory."""
BUSY_TOKENS = 4096
"""Tokens at once that keep a card busy; more of them take memory and save no time."""
FEWEST_STEPS = 30
"""Steps that even a small data set should be given, by smaller ones."""


def size(draft: Draft, facts: Facts) -> None:
    """Fill in the fields that depend on memory, for the machine's free card or RAM."""
    free = draft.free_gib(facts)
    if facts.model is None or free is None:
        _careful(draft, facts)
    else:
        _fit(draft, facts, facts.model, free)
    _accumulate(draft, facts)


def high(step: Step) -> float:
    """Return the upper end of a step's memory in GiB: what must be free for it."""
    return interval(memory(step), gpu=step.gpu)[1]


def with_rows(step: Step, rows: int) -> Step:
    """Return the step with another number of rows on the device."""
    at_once, others = min(rows, step.part or rows), min(step.rows, step.part or step.rows)
    return replace(
        step,
        rows=rows,
        tokens=step.tokens // others * at_once,
        told=step.told // step.rows * rows if step.told else None,
        cache=step.cache / step.rows * rows,
    )


def most_rows(step: Step, most: int, free: float) -> int:
    """Return the largest power-of-two share of `most` rows that fits into `free` GiB, 0 if not even one row does."""
    rows = most
    while rows and high(with_rows(step, rows)) > free:
        rows //= 2
    return rows


def step_rows(draft: Draft, facts: Facts) -> int:
    """Return the rows that one step of the weights should see: the table's, fewer for a small data set."""
    rows: int = draft.rules["step_rows"]
    if facts.data is None or not draft.has("training.epochs"):
        return rows
    seen = facts.data.rows * (1 - draft.get("data.test_fraction")) * draft.get("training.epochs")
    while rows > draft.rules["enough_rows"] and seen / rows < FEWEST_STEPS:
        rows //= 2
    return rows


def micro_rows(draft: Draft, facts: Facts, one: Step) -> int:
    """Return the rows that should be on the device at once: enough to keep it busy; all, where rows are compared."""
    rows = step_rows(draft, facts)
    while not draft.compares_rows and rows > 1 and rows * one.length >= 2 * BUSY_TOKENS:
        rows //= 2
    return rows


def least_rows(draft: Draft) -> int:
    """Return the fewest rows of a batch from which the loss learns anything."""
    loss = draft.get("objective.loss", "")
    if draft.goal == "embed":
        return losses()[loss].least
    return 2 if loss == "kto" else 1


def _careful(draft: Draft, facts: Facts) -> None:
    parameters = facts.model.parameters if facts.model else None
    large = facts.model is not None and (parameters or LARGE) >= LARGE
    draft.put("training.batch", max(least_rows(draft), step_rows(draft, facts) // 4), "batch_unknown")
    draft.put("training.gradient_checkpointing", large, "checkpointing_unknown")


def _fit(draft: Draft, facts: Facts, model: ModelFacts, free: float) -> None:
    one = _one_row(draft, facts, model)
    if draft.kind == "layers" and high(one) > free:
        one = _fewer_layers(draft, model, one, free)
    if draft.moves_base and high(one) > free:
        one = _half_storage(draft, facts, model, one, free)
    if high(one) > free:
        one = _shorter(draft, facts, model, one, free)
    most = micro_rows(draft, facts, one)
    open_rows = most_rows(replace(one, checkpointing=False), most, free)
    needed = open_rows < min(most, draft.rules["enough_rows"]) and draft.has("training.gradient_checkpointing")
    checkpointed = bool(draft.get("training.gradient_checkpointing", needed))
    rows = max(least_rows(draft), most_rows(one, most, free) if checkpointed else open_rows)
    rows = draft.get("training.batch", rows)
    times = draft.get("training.accumulate", max(1, step_rows(draft, facts) // rows))
    chosen = replace(with_rows(one, rows), checkpointing=checkpointed, accumulate=times)
    reason = "checkpointing_off"
    if checkpointed:
        reason = "checkpointing_on" if open_rows else "checkpointing_on_tight"
    activations = words.gib(kept(chosen) / GIB)
    draft.put(
        "training.gradient_checkpointing", checkpointed, reason, without=open_rows, most=most, activations=activations
    )
    needs = high(chosen)
    numbers = {"batch": rows, "free": words.gib(free), "high": words.gib(needs)}
    draft.put("training.batch", rows, "batch" if needs <= free else "batch_tight", **numbers)
    if draft.compares_rows and "training.batch" not in draft.answers:
        draft.reasons["training.batch"] += why("negatives")


def _one_row(draft: Draft, facts: Facts, model: ModelFacts) -> Step:
    """Return the step of one row in its frugal form: accumulating, and checkpointing unless the person decided that."""
    more = {"accumulate": 2} if draft.has("training.accumulate") else {}
    training = {**more, **draft.values["training"], "batch": max(2, least_rows(draft))}  # padding counts
    pair = one_step(check({**draft.values, "training": training}), model, facts.data)
    decided = "training.gradient_checkpointing" in draft.reasons
    if decided or not draft.has("training.gradient_checkpointing"):
        return with_rows(pair, 1)
    return replace(with_rows(pair, 1), checkpointing=True)


def _fewer_layers(draft: Draft, model: ModelFacts, one: Step, free: float) -> Step:
    """Halve the number of trained blocks until one row fits; where none does, it stays as it was."""
    last, trial = int(draft.get("method.last")), one
    while high(trial) > free and last > 1 and "method.last" not in draft.answers:
        last //= 2
        trial = replace(trial, top=last)
    if trial is one or high(trial) > free:
        return one
    layers = model.decoder_layers or model.layers
    draft.replace("method.last", last, "last_memory", last=last, layers=layers, free=words.gib(free))
    return trial


def _half_storage(draft: Draft, facts: Facts, model: ModelFacts, one: Step, free: float) -> Step:
    card = draft.card(facts)
    if card is None or not card.bf16 or draft.get("training.precision") != "bf16":
        return one
    numbers = {"high": words.gib(high(one)), "free": words.gib(free)}
    draft.replace("model.dtype", "bf16", "dtype_full_bf16", **numbers)
    return _one_row(draft, facts, model)


def _shorter(draft: Draft, facts: Facts, model: ModelFacts, one: Step, free: float) -> Step:
    """Halve the length until one row fits; where none does, the length stays as it was."""
    length: int = draft.get("training.max_length")
    trial, shorter = one, length
    while high(trial) > free and shorter // 2 >= SHORTEST and "training.max_length" not in draft.answers:
        shorter //= 2
        training = {**draft.values["training"], "max_length": shorter}
        trial = _one_row(_copy(draft, training), facts, model)
    if high(trial) > free:
        return one
    cut = words.at_most(draft.tokens(model, facts.data).share_longer(shorter)) if facts.data else "an unknown share"
    draft.replace("training.max_length", shorter, "length_memory", free=words.gib(free), cut=cut, length=length)
    return trial


def _copy(draft: Draft, training: dict[str, object]) -> Draft:
    copy = Draft({**draft.values, "training": training})
    copy.answers = draft.answers
    return copy


def _accumulate(draft: Draft, facts: Facts) -> None:
    batch: int = draft.get("training.batch")
    times = max(1, step_rows(draft, facts) // batch)
    written = _written_at_once(draft, facts, times)
    if written < times:
        numbers = {"batch": batch, "accumulate": written, "rows": batch * written}
        draft.put("training.accumulate", written, "accumulate_memory", **numbers)
    reason = "accumulate_one" if times == 1 else "accumulate_embed" if draft.compares_rows else "accumulate"
    draft.put("training.accumulate", times, reason, batch=batch, accumulate=times, rows=batch * times)


def _written_at_once(draft: Draft, facts: Facts, times: int) -> int:
    """Halve the batches of a step while its answers, which are written all at once, do not fit."""
    free = draft.free_gib(facts)
    if facts.model is None or free is None or not draft.has("training.accumulate"):
        return times
    step = one_step(check(put(draft.values, "training.accumulate", times)), facts.model, facts.data)
    while step.cache and times > 1 and high(step) > free:
        times //= 2
        step = one_step(check(put(draft.values, "training.accumulate", times)), facts.model, facts.data)
    return times
