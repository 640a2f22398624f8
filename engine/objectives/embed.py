"""What an embedding model's own fields begin with."""

import re
from collections.abc import Iterator

from engine import words
from engine.config import Run
from engine.draft import Draft, Facts
from engine.goals.embed import EmbedRun
from engine.losses import Loss, losses, offers, shape_of
from engine.tables import table

EMBEDDING_SIZES = 5
SMALLEST_EMBEDDING = 16
USUAL_WIDTH = 384
USUAL_ROWS = 2000
LARGEST_BATCH = 512
FEWEST_STEPS = 12
"""Steps of one pass under which a cached loss takes a smaller batch."""
TRIPLETS = ("TripletLoss", "BatchAllTripletLoss", "BatchHardTripletLoss", "BatchSemiHardTripletLoss")
MARGINS = (*TRIPLETS, "ContrastiveLoss", "OnlineContrastiveLoss")
DISTANCES = (*MARGINS, "BatchHardSoftMarginTripletLoss")
MEGA = "MegaBatchMarginLoss"
YES_OR_NO = frozenset({"0", "1", "0.0", "1.0", "true", "false"})


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in loss, sizes, what the loss needs, and prompts."""
    rule = _loss(draft, facts)
    _sizes(draft, facts, rule)
    _numbers(draft, rule)
    _large_batch(draft, facts, rule)
    _prompts(draft)
    draft.put("training.attention_dropout", 0.0, "attention_dropout")


def cautions(run: Run) -> Iterator[str]:
    """Yield a sentence for what an embedding run should be spared."""
    if not isinstance(run, EmbedRun):
        return
    rule, training = run.objective.rule, run.training
    cached = f"Cached{rule.name}"
    if cached in losses() and training.accumulate > 1:
        text: str = table("guide")["warnings"]["embed_accumulate"]
        rows = training.batch * training.accumulate
        yield text.format(accumulate=training.accumulate, cached=cached, batch=training.batch, rows=rows)


def _loss(draft: Draft, facts: Facts) -> Loss:
    columns: dict[str, str] = draft.get("data.columns", {})
    fitting = offers(columns or ("anchor", "positive"), binary=yes_or_no(columns, facts))
    draft.put("objective.loss", fitting[0][0] if fitting else "MultipleNegativesRankingLoss", "embed_loss_unknown")
    rule = losses()[draft.get("objective.loss")]
    shape = shape_of(columns, rule.name)
    if shape is not None and columns and "objective.loss" not in draft.answers:
        draft.replace("objective.loss", rule.name, "embed_loss", words=shape.words, why=rule.why)
    if rule.cached:
        draft.put("training.gradient_checkpointing", False, "embed_checkpointing_cached")
    return rule


def yes_or_no(columns: dict[str, str], facts: Facts) -> bool | None:
    """Say whether the labels are 0 and 1; None where the rows are not known."""
    known = {column.name: column for column in facts.data.columns} if facts.data else {}
    label = known.get(columns.get("label", ""))
    return None if label is None else label.distinct <= 2 and {text.lower() for text in label.examples} <= YES_OR_NO


def _sizes(draft: Draft, facts: Facts, rule: Loss) -> None:
    width = (facts.model.hidden if facts.model else 0) or 0
    if rule.matryoshka:
        reason = "matryoshka" if width else "matryoshka_unknown"
        draft.put("objective.matryoshka", embedding_sizes(width or USUAL_WIDTH), reason, width=width)
    draft.put("objective.matryoshka", (), "embed_one_size", loss=rule.name)
    sizes = draft.get("objective.matryoshka")
    draft.put("objective.best_dimension", sizes[0] if sizes else width or USUAL_WIDTH, "best_dimension")


def _numbers(draft: Draft, rule: Loss) -> None:
    """Fill in the numbers of every loss; those of the others keep their usual values."""
    guided = "embed_scale_guided" if rule.guide else "scale"
    _number(draft, rule, "scale", rule.scale, guided, rule.name not in (*DISTANCES, MEGA))
    _number(draft, rule, "margin", 0.5, "embed_margin", rule.name in MARGINS)
    _number(draft, rule, "distance", "cosine", "embed_distance", rule.name in DISTANCES)
    _number(draft, rule, "positive_margin", 0.8, "embed_mega_margins", rule.name == MEGA)
    _number(draft, rule, "negative_margin", 0.3, "embed_mega_margins", rule.name == MEGA)
    _number(draft, rule, "mini_batch", 32, "embed_mini_batch", rule.cached)
    _number(draft, rule, "guide", "", "embed_guide", rule.guide)
    damaged = rule.name == "DenoisingAutoEncoderLoss" or "text" in draft.get("data.columns", {})
    _number(draft, rule, "deletion", 0.6, "embed_deletion", damaged)


def _large_batch(draft: Draft, facts: Facts, rule: Loss) -> None:
    """Let a cached loss compare many rows, as long as a pass over the data still is a few steps."""
    if not rule.cached:
        return
    rows = facts.data.rows * (1 - draft.get("data.test_fraction")) if facts.data else USUAL_ROWS
    batch = LARGEST_BATCH
    while batch > draft.rules["step_rows"] and rows / batch < FEWEST_STEPS:
        batch //= 2
    mini_batch = draft.get("objective.mini_batch")
    draft.put("training.batch", batch, "embed_batch_cached", batch=batch, mini_batch=min(mini_batch, batch))


def _number(draft: Draft, rule: Loss, name: str, value: object, reason: str, used: bool) -> None:
    draft.put(f"objective.{name}", value, reason if used else "embed_unused", loss=rule.name)


def _prompts(draft: Draft) -> None:
    name: str = draft.get("model.id")
    wanted = next((row for row in table("guide")["prompts"] if re.search(row["match"], name, re.IGNORECASE)), None)
    reason = "prompt" if wanted else "no_prompt"
    draft.put("objective.query_prompt", wanted["query"] if wanted else "", reason, model=words.model(name))
    draft.put("objective.document_prompt", wanted["document"] if wanted else "", reason, model=words.model(name))


def embedding_sizes(width: int) -> tuple[int, ...]:
    """Return the model's own width and the powers of two below it, five in all and none under 16."""
    halves = [1 << power for power in range(20, 3, -1) if SMALLEST_EMBEDDING <= 1 << power < width]
    return (width, *halves[: EMBEDDING_SIZES - 1])
