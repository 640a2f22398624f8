"""The guards against forgetting: what holds a model to what it could do before."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import Data
from engine.problem import Problem
from engine.section import CHOOSES_PART, INLINE_DEFAULT, Section, Setting


class KeepingData(Data):
    """Rows to learn from, and rows on which nothing should be forgotten."""

    keep: Annotated[str, INLINE_DEFAULT] = ""
    """Rows on which nothing should be forgotten (plain text or rows of the goal); measured before, during and after."""
    keep_rows: Annotated[int, Field(ge=4, le=100_000)] = 128
    """Most rows of the keep set, or how many the untouched model writes where there is a guard and no keep set; a
    quarter of them is only measured."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All that a training reads rows from."""
        return (*super().sources, self.keep)


class NoRetention(Section):
    """No guard: the fastest way, and the one that forgets the most."""

    kind: Annotated[Literal["none"], CHOOSES_PART] = "none"
    """Nothing."""


class Replay(Section):
    """General rows are mixed in."""

    kind: Annotated[Literal["replay"], CHOOSES_PART] = "replay"
    """Replay."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the training rows that come from the keep set."""


class Ewc(Section):
    """Weights that mattered are held in place (Kirkpatrick et al. 2017, arXiv:1612.00796)."""

    kind: Annotated[Literal["ewc"], CHOOSES_PART] = "ewc"
    """Elastic weight consolidation."""
    strength: Annotated[float, Setting("EWC_STRENGTH"), Field(gt=0)] = 100.0
    """How hard a weight is held, times its Fisher information on the keep set."""


class Si(Section):
    """Weights that moved the old loss are held in place (Zenke et al. 2017, arXiv:1703.04200)."""

    kind: Annotated[Literal["si"], CHOOSES_PART] = "si"
    """Synaptic intelligence."""
    strength: Annotated[float, Setting("SI_STRENGTH"), Field(gt=0)] = 1.0
    """How hard a weight is held, times its importance along the way."""
    damping: Annotated[float, Setting("SI_DAMPING"), Field(gt=0)] = 0.1
    """Keeps weights that hardly moved from seeming important, in mean squared moves."""


class KeepDistill(Section):
    """Answers on the keep set stay close to those of the untouched model (Li and Hoiem 2016, arXiv:1606.09282)."""

    kind: Annotated[Literal["distill"], CHOOSES_PART] = "distill"
    """Distillation from the untouched model."""
    strength: Annotated[float, Setting("KEEP_STRENGTH"), Field(gt=0)] = 1.0
    """Weight of the divergence beside the task's loss."""
    rows: Annotated[int, Setting("KEEP_BATCH"), Field(ge=1, le=4096)] = 4
    """Rows of the keep set that are read beside every batch."""


AnyRetention = Annotated[NoRetention | Replay | Ewc | Si | KeepDistill, Field(discriminator="kind")]


def keeping(guard: str, keep: str, said: Literal["causal", "seq2seq", "classes"], form: str) -> dict[str, str]:
    """Return the parts that read, measure and hold what should be kept.

    `said` is what the model says of a row, `form` where the run's own rows come from: single, tasks or texts.
    """
    if guard == "none" and not keep:
        return {"keep": "none", "retention": "none"}
    if not keep and said != "causal":
        what = "only a model that continues texts can write what is to be kept by itself"
        advice = "set data.keep to rows of this goal on which nothing should be forgotten, or retention.kind to none"
        raise Problem(what, where="retention.kind", advice=advice, code="keep")
    source = "sampled" if not keep else "pairs" if said == "seq2seq" else "texts" if form == "texts" else "rows"
    return {
        "keep": source,
        "keep_form": form,
        "scored": said,
        "replay": "mixed" if guard == "replay" else "none",
        "retention": "none" if guard == "replay" else guard,
    }


def keeping_classes(guard: str, keep: str, *, frozen: bool) -> dict[str, str]:
    """Return the parts that read, measure and hold what a classifier should keep; a `frozen` one forgets nothing."""
    if guard == "none" and not keep:
        return {"class_keep": "none", "watched": "none", "retention": "none"}
    if frozen:
        advice = "leave data.keep empty and set retention.kind to none, or train more than the head"
        raise Problem("a head on frozen features forgets nothing", where="retention.kind", advice=advice, code="keep")
    holds = guard not in ("none", "replay")
    found = keeping(guard, keep, "classes", "single")
    return found | {"class_keep": "known" if holds else "rows", "watched": "keep"}
