"""The goal embed: find the right passage."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from engine.goals.shared import BaseRun, LabelledData, Training
from engine.losses import Loss, losses, offers, shape_of, shapes
from engine.methods import EmbedMethod, Lora
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, NOT_IN_SCRIPT, Section

RANKING: Literal["MultipleNegativesRankingLoss"] = "MultipleNegativesRankingLoss"
"""The loss for pairs, which is what most data for search is."""
SIZES = (384, 256, 128, 64, 32)


class EmbedData(LabelledData):
    """Texts that belong together, in one of the shapes of presets/losses.yaml."""


def _sizes(known: dict[str, Any]) -> tuple[int, ...]:
    loss = losses().get(known.get("loss", RANKING))
    return SIZES if loss and loss.matryoshka else ()


def _scale(known: dict[str, Any]) -> float:
    loss = losses().get(known.get("loss", RANKING))
    return loss.scale if loss else 20.0


class EmbedObjective(Section):
    """What brings matching texts together."""

    loss: Annotated[
        Literal[
            "MultipleNegativesRankingLoss",
            "CachedMultipleNegativesRankingLoss",
            "GISTEmbedLoss",
            "CachedGISTEmbedLoss",
            "MultipleNegativesSymmetricRankingLoss",
            "CachedMultipleNegativesSymmetricRankingLoss",
            "MegaBatchMarginLoss",
            "TripletLoss",
            "CoSENTLoss",
            "AnglELoss",
            "CosineSimilarityLoss",
            "OnlineContrastiveLoss",
            "ContrastiveLoss",
            "SoftmaxLoss",
            "BatchAllTripletLoss",
            "BatchHardSoftMarginTripletLoss",
            "BatchHardTripletLoss",
            "BatchSemiHardTripletLoss",
            "ContrastiveTensionLossInBatchNegatives",
            "DenoisingAutoEncoderLoss",
            "ContrastiveTensionLoss",
        ],
        CHOOSES_PART,
    ] = RANKING
    """What is learned from a row; the roles of the columns say which losses fit, the best of them being the default."""
    matryoshka: tuple[Annotated[int, Field(ge=1)], ...] = Field(default_factory=_sizes)
    """Embedding sizes that must all work, from large to small, the model's own width first; none: that width alone."""
    best_dimension: Annotated[int, INLINE] = Field(
        ge=1, default_factory=lambda known: next(iter(known.get("matryoshka", ())), 384)
    )
    """The embedding size whose measure picks the best checkpoint; one of the sizes above."""
    scale: Annotated[float, Field(gt=0)] = Field(default_factory=_scale)
    """Factor on the similarities before the softmax (1 / temperature)."""
    margin: Annotated[float, Field(gt=0)] = 0.5
    """How much further away a wrong text must be than a right one before it no longer counts."""
    distance: Literal["cosine", "euclidean"] = "cosine"
    """How far apart two texts are, for the losses with triplets or a margin; searching compares by cosine."""
    positive_margin: Annotated[float, Field(ge=-1, le=1)] = 0.8
    """Similarity from which a right pair counts as learned; only for MegaBatchMarginLoss."""
    negative_margin: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Similarity below which a wrong pair counts as learned; only for MegaBatchMarginLoss."""
    mini_batch: Annotated[int, Field(ge=1)] = 32
    """Rows that a cached loss has on the device at once; training.batch may be far larger then."""
    guide: Annotated[str, INLINE_DEFAULT] = ""
    """The model that tells a GIST loss which texts are alike, a folder or a hub id; empty: the untouched base."""
    deletion: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """Share of a text's words that is deleted where texts are damaged to be found or rebuilt."""
    query_prompt: Annotated[str, INLINE_DEFAULT] = ""
    """Text put before every question, here and wherever the model is used."""
    document_prompt: Annotated[str, INLINE_DEFAULT] = ""
    """Text put before every passage, here and wherever the model is used."""

    @property
    def rule(self) -> Loss:
        """What the table says about the loss."""
        return losses()[self.loss]

    @model_validator(mode="after")
    def _nested(self) -> "EmbedObjective":
        if not self.matryoshka:
            return self
        if not self.rule.matryoshka:
            raise ValueError(
                f"the loss {self.loss} holds weights for one width only, so it cannot be trained at several sizes; "
                "set objective.matryoshka to []"
            )
        if list(self.matryoshka) != sorted(set(self.matryoshka), reverse=True):
            raise ValueError("embedding sizes must run from large to small without repeats")
        if self.best_dimension not in self.matryoshka:
            raise ValueError(f"best_dimension {self.best_dimension} is not one of {list(self.matryoshka)}")
        return self


class EmbedTraining(Training):
    """Training of an embedding model."""

    on_out_of_memory: Annotated[Literal["stop"], NOT_IN_SCRIPT] = "stop"
    """When the device is full; half a batch would be another training here, since its rows are compared."""

    attention_dropout: Annotated[float, INLINE, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of the attention that is dropped while training; above 0 a CPU loses its fast attention kernel."""


class EmbedRun(BaseRun):
    """Find the right passage: an embedding model for search."""

    goal: Annotated[Literal["embed"], CHOOSES_PART] = "embed"
    """Embedding model."""
    data: EmbedData
    """Which rows."""
    method: EmbedMethod = Lora(rank=8, alpha=32, dropout=0.1)
    """Which weights change."""
    objective: EmbedObjective = EmbedObjective()
    """What is learned from a row."""
    training: EmbedTraining = EmbedTraining()
    """How it is trained."""

    @model_validator(mode="before")
    @classmethod
    def _loss_of_the_roles(cls, values: Any) -> Any:
        """Take the best loss for the roles of the columns where none is given."""
        data, objective = values.get("data"), values.get("objective") or {}
        columns = data.get("columns") if isinstance(data, dict) else None
        if not isinstance(columns, dict) or not isinstance(objective, dict) or "loss" in objective:
            return values
        fitting = offers(columns)
        return {**values, "objective": {**objective, "loss": fitting[0][0]}} if fitting else values

    @model_validator(mode="after")
    def _goes_together(self) -> "EmbedRun":
        columns, training, rule = self.data.columns, self.training, self.objective.rule
        check_roles(columns, rule.name)
        if rule.cached and training.gradient_checkpointing:
            raise ValueError(
                f"the loss {rule.name} computes a batch twice already and does not go with gradient checkpointing; "
                "set training.gradient_checkpointing to false and objective.mini_batch lower"
            )
        if training.batch < rule.least or (rule.even and training.batch % 2):
            steps = "an even number, at least" if rule.even else "at least"
            raise ValueError(
                f"the loss {rule.name} compares the rows of a batch, so that {training.batch} teach it nothing or too "
                f"little; set training.batch to {steps} {rule.least}"
            )
        return self

    def measure(self) -> str:
        """Return what picks the best checkpoint: the measure, and the embedding size where there are several."""
        shape = shape_of(self.data.columns, self.objective.loss)
        assert shape is not None  # held by _goes_together
        return f"{shape.measure} at {self.objective.best_dimension}" if self.objective.matryoshka else shape.measure

    def parts(self) -> dict[str, str]:
        """Return the parts that the loss and the shape of the rows need."""
        rule = self.objective.rule
        shape = shape_of(self.data.columns, rule.name)
        assert shape is not None  # held by _goes_together
        return {
            "embedding_loss": rule.part,
            "embedding_rows": rule.rows.get(shape.name, shape.rows),
            "embedding_evaluator": shape.evaluator,
            "embedding_sizes": "matryoshka" if self.objective.matryoshka else "own_width",
            "embedding_trainer": "own_weights" if rule.own else "plain",
            "training.row_order": "shuffled",  # rows are texts, and a loss may ask for an order of its own
        }


def check_roles(columns: dict[str, str], loss: str) -> None:
    """Raise a ValueError when rows with these roles do not go with the loss, or one column plays two roles."""
    if columns and shape_of(columns, loss) is None:
        said = ", ".join(columns)
        fitting = [name for name, _ in offers(columns)]
        if fitting:
            raise ValueError(f"the loss {loss} does not learn from rows of {said}; take {' or '.join(fitting)}")
        known = "; ".join(", ".join(shape.roles) for shape in shapes())
        raise ValueError(f"the columns do not say what belongs together ({said}); map one of: {known}")
    twice = {name for name in columns.values() if list(columns.values()).count(name) > 1}
    if twice:
        raise ValueError(f"the column {sorted(twice)[0]} plays two roles, so nothing is learned; give each its own")
