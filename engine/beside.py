"""The other models of a run: a reference, a teacher, a reward model; how much they hold, as far as it is known here."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from engine import hub
from engine.config import Run
from engine.goals.distill import DistillRun
from engine.goals.embed import EmbedRun
from engine.goals.prefer import WITHOUT_REFERENCE, PreferRun
from engine.goals.reinforce import ReinforceRun
from engine.model import ModelFacts, look
from engine.problem import Problem
from engine.typed_path import typed_path

OWN_WEIGHTS = ("full", "layers")
"""Methods without an adapter that could be switched off: the reference is a second copy."""


TWINS = ("ContrastiveTensionLoss", "ContrastiveTensionLossInBatchNegatives")
"""Losses that train a second copy of the encoder against the first."""


def beside(run: Run, model: ModelFacts, width: int) -> float:
    """Return the bytes of the other models; what is not known here counts nothing, and is warned of.

    Their weights alone, in the run's own storage: what they compute is as short-lived as the run's own forward pass,
    and smaller than its backward pass. Counted from what the scripts load; not yet measured on a card.
    """
    copies = (model.parameters or 0) * width * copied(run)
    return copies + sum(width * (found.parameters or 0) for name in others(run) if (found := known(name)) is not None)


def copied(run: Run) -> int:
    """Return how often the model is held beside itself: to compare with, as a guide, or trained as a twin.

    A twin (contrastive tension) trains like the model, so with all its weights it has gradients and moments as well.
    """
    own = run.method.kind in OWN_WEIGHTS
    if isinstance(run, EmbedRun):
        twin = run.objective.loss in TWINS
        return (4 if own else 1) if twin else int(run.objective.rule.guide and not run.objective.guide)
    if isinstance(run, PreferRun):
        return int(own and refers(run) and run.objective.reference == "live")
    return int(own and isinstance(run, ReinforceRun) and run.objective.kl_coef > 0)


def refers(run: PreferRun) -> bool:
    """Say whether the loss of a preference compares with the untouched model."""
    return run.objective.loss not in WITHOUT_REFERENCE


def others(run: Run) -> Iterator[str]:
    """Yield the names of the models that the run loads beside its own."""
    if isinstance(run, DistillRun):
        yield run.objective.teacher
    if isinstance(run, EmbedRun) and run.objective.rule.guide and run.objective.guide:
        yield run.objective.guide
    if isinstance(run, ReinforceRun | PreferRun) and "model" in run.objective.reward:
        yield run.objective.reward["model"]


def known(name: str) -> ModelFacts | None:
    """Return the facts of another model if it is on this machine, of an adapter those of its base; no hub is asked."""
    folder: Path | None = typed_path(name)
    if not (folder and folder.is_dir()):
        folder = hub.cached(name, "main") if hub.looks_like_id(name) else None
    if folder is None:
        return None
    for file in (folder / "config.json", folder / "adapter_config.json"):
        if file.is_file():
            return _look(str(file), file.stat().st_mtime_ns)
    return None


@cache
def _look(file: str, _changed: int) -> ModelFacts | None:
    path = Path(file)
    try:
        if path.name == "config.json":
            return look(str(path.parent))
        base = str(hub.read_json(path).get("base_model_name_or_path", ""))
        return look(base) if Path(base).is_dir() else None
    except (Problem, OSError, ValueError):
        return None
