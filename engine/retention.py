"""The guards against forgetting: what holds a model to what it could do before."""

from typing import Annotated, Literal

from pydantic import Field

from engine.section import CHOOSES_PART, Section


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
    strength: Annotated[float, Field(gt=0)] = 100.0
    """How hard a weight is held, times its Fisher information on the keep set."""


class Si(Section):
    """Weights that moved the old loss are held in place (Zenke et al. 2017, arXiv:1703.04200)."""

    kind: Annotated[Literal["si"], CHOOSES_PART] = "si"
    """Synaptic intelligence."""
    strength: Annotated[float, Field(gt=0)] = 1.0
    """How hard a weight is held, times its importance along the way."""


class KeepDistill(Section):
    """Answers on the keep set stay close to those of the untouched model (Li and Hoiem 2016, arXiv:1606.09282)."""

    kind: Annotated[Literal["distill"], CHOOSES_PART] = "distill"
    """Distillation from the untouched model."""
    strength: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the divergence beside the task's loss."""


AnyRetention = Annotated[NoRetention | Replay | Ewc | Si | KeepDistill, Field(discriminator="kind")]
