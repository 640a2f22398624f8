"""The phases of a script, told by the functions that it calls: the script says nothing about itself."""

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

MODELS = ("load_model", "load_classifier", "load_encoder", "load_frozen_encoder")
"""Functions of scripts that return the model that is trained or measured."""
BEGINS = {
    **dict.fromkeys(MODELS, "model"),
    "teacher_texts": "teacher",
    "measured_once": "baseline",
    "report": "saving",
}
"""A function of a script -> the phase that begins when it is called; the trainer's callbacks tell the others."""


def mark_phases(
    module: ModuleType, tell: Callable[[str], None], loaded: Callable[[Any], None] = lambda _: None
) -> None:
    """Let the functions of a script tell the phase that begins with them, and show the first model that is loaded."""
    names = vars(module)
    measured = "measured_once" in names
    for name, phase in BEGINS.items():
        if name in names:
            names[name] = _marked(names[name], phase, tell, _after(name, tell, loaded, trained=measured))


def _after(
    name: str, tell: Callable[[str], None], loaded: Callable[[Any], None], *, trained: bool
) -> Callable[[Any], None] | None:
    if name not in MODELS:
        return None

    def after(model: Any) -> None:
        loaded(model)
        if not trained:  # nothing but measuring is left
            tell("baseline")

    return after


def _marked(
    act: Callable[..., Any], phase: str, tell: Callable[[str], None], after: Callable[[Any], None] | None
) -> Callable[..., Any]:
    @functools.wraps(act)
    def marked(*given: Any, **named: Any) -> Any:
        tell(phase)
        found = act(*given, **named)
        if after is not None:
            after(found)
        return found

    return marked


def after_trainer(module: ModuleType, act: Callable[[Any, Any], None]) -> None:
    """Call `act` with the trainer that a script makes and the training rows that it is made of."""
    made = vars(module).get("make_trainer")
    if made is None:
        return
    parameters = inspect.signature(made)

    @functools.wraps(made)
    def seen(*given: Any, **named: Any) -> Any:
        trainer = made(*given, **named)
        own = trainer.train_dataset
        rows = parameters.bind(*given, **named).arguments.get("train", own)
        # TRL leaves out rows of which nothing is learned, without a word
        act(trainer, rows if len(rows) > len(own) else own)
        return trainer

    vars(module)["make_trainer"] = seen
