"""The goal embed: find the right passage."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import EmbedMethod, Lora
from engine.section import CHOOSES_PART, Section


class EmbedData(Data):
    """Pairs of texts that belong together."""


class EmbedObjective(Section):
    """What brings matching texts together."""

    loss: Annotated[Literal["MultipleNegativesRankingLoss"], CHOOSES_PART] = "MultipleNegativesRankingLoss"
    """The ranking loss; every other passage of the batch is a wrong answer."""
    matryoshka: tuple[Annotated[int, Field(ge=1)], ...] = (384, 256, 128, 64, 32)
    """Embedding sizes that must all work, from large to small; the first is the model's own width."""
    best_dimension: int = Field(ge=1, default_factory=lambda known: next(iter(known.get("matryoshka", ())), 384))
    """The embedding size whose nDCG@10 picks the best checkpoint; one of the sizes above."""
    scale: Annotated[float, Field(gt=0)] = 20.0
    """Factor on the cosine similarities before the softmax (1 / temperature)."""
    query_prompt: str = ""
    """Text put before every question, here and wherever the model is used."""
    document_prompt: str = ""
    """Text put before every passage, here and wherever the model is used."""

    @model_validator(mode="after")
    def _sizes(self) -> "EmbedObjective":
        if not self.matryoshka:
            raise ValueError("at least one embedding size is needed, for instance [384]")
        if list(self.matryoshka) != sorted(set(self.matryoshka), reverse=True):
            raise ValueError("embedding sizes must run from large to small without repeats")
        if self.best_dimension not in self.matryoshka:
            raise ValueError(f"best_dimension {self.best_dimension} is not one of {list(self.matryoshka)}")
        return self


class EmbedTraining(Training):
    """Training of an embedding model."""

    attention_dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
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
    """What is learned from a pair."""
    training: EmbedTraining = EmbedTraining()
    """How it is trained."""
