"""The run: one complete, typed, frozen description of one training; each goal describes its own in engine/goals."""

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from engine.goals.baseline import BaselineRun
from engine.goals.classify import ClassifyRun
from engine.goals.distill import DistillRun
from engine.goals.embed import EmbedRun
from engine.goals.prefer import PreferRun
from engine.goals.pretrain import PretrainRun
from engine.goals.reinforce import ReinforceRun
from engine.goals.reward import RewardRun
from engine.goals.sft import SftRun
from engine.section import Section

VERSION = 1

Run = SftRun | PretrainRun | ClassifyRun | EmbedRun | PreferRun | RewardRun | ReinforceRun | DistillRun | BaselineRun
RUN_TYPES: dict[str, type[Run]] = {
    "sft": SftRun,
    "embed": EmbedRun,
    "classify": ClassifyRun,
    "pretrain": PretrainRun,
    "prefer": PreferRun,
    "reward": RewardRun,
    "reinforce": ReinforceRun,
    "distill": DistillRun,
    "baseline": BaselineRun,
}
"""Every goal, in the order of the wizard."""
_ADAPTER: TypeAdapter[Run] = TypeAdapter(Annotated[Run, Field(discriminator="goal")])


def parse(values: dict[str, Any]) -> Run:
    """Validate nested plain values (sparse or complete) into a run; raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(values)


def plain(run: Run) -> dict[str, Any]:
    """Return every field of a run as nested plain values that YAML and JSON can hold."""
    return run.model_dump(mode="json")


def given(run: Run) -> dict[str, Any]:
    """Return only the fields that somebody set, as nested plain values: the sparse form of a run."""
    return run.model_dump(mode="json", exclude_unset=True)


def methods_of(goal: str) -> dict[str, type[Section]]:
    """Return the methods that go with a goal by their kind: the table of goals and methods is the type of the field."""
    annotation = RUN_TYPES[goal].model_fields["method"].annotation
    every = get_args(annotation) or (annotation,)
    return {method.model_fields["kind"].default: method for method in every}
