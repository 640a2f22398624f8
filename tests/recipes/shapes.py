"""The forms that a goal's run takes: for each goal the sections that choose other parts, once each.

`test_script.py` assembles every method of a goal with every one of its forms.
"""

import itertools
from typing import Any

from engine.config import RUN_TYPES, methods_of


def roles(*names: str) -> dict[str, Any]:
    """The data section for these roles."""
    return {"data": {"columns": {name: name for name in names}}}


FORMS: dict[str, list[dict[str, Any]]] = {
    "sft": [
        roles("prompt", "completion"),
        roles("messages", "tools"),
        roles("instruction", "input", "output"),
        roles("text"),
    ],
    "pretrain": [roles("text")],
    "classify": [roles("text", "label")],
    "embed": [roles("anchor", "positive")],
    "prefer": [
        roles(*names) | {"objective": {"loss": loss}}
        for loss, names in (
            ("sigmoid", ("prompt", "chosen", "rejected")),
            ("orpo", ("chosen", "rejected")),
            ("simpo", ("prompt", "ranked")),
            ("sigmoid", ("prompt", "completion")),
            ("cpo", ("messages",)),
            ("hinge", ("instruction", "input", "output")),
            ("kto", ("prompt", "completion", "label")),
            ("kto", ("messages", "label")),
            ("apo_zero_unpaired", ("prompt", "chosen", "rejected")),
            ("kto", ("instruction", "output")),
        )
    ],
    "reward": [roles("prompt", "chosen", "rejected")],
    "reinforce": [roles("prompt") | {"objective": {"reward": {"function": "reward.py:pay"}}}],
    "distill": [
        roles(*names) | {"objective": {"teacher": "a/teacher", "imitate": imitate}}
        for imitate, names in (
            ("logits", ("prompt", "completion")),
            ("logits", ("messages", "tools")),
            ("logits", ("instruction", "input", "output")),
            ("logits", ("text",)),
            ("text", ("prompt",)),
            ("text", ("messages", "tools")),
            ("text", ("instruction", "input", "output")),
        )
    ],
    "baseline": [roles("prompt", "completion")],
}
CHAT = {"sft", "prefer", "reward", "reinforce", "distill", "baseline"}
"""Goals whose objective has a chat template."""


def skipped(goal: str, method: str, form: dict[str, Any]) -> bool:
    """Whether this method does not go with this form of the goal; engine.config refuses such a run."""
    return False


CELLS = [
    (goal, method, form)
    for goal in RUN_TYPES
    for method, form in itertools.product(methods_of(goal), FORMS[goal])
    if not skipped(goal, method, form)
]


def cell_name(cell: tuple[str, str, dict[str, Any]]) -> str:
    """What pytest calls a cell."""
    goal, method, form = cell
    objective = "-".join(str(value) for value in form.get("objective", {}).values() if isinstance(value, str))
    return "-".join(filter(None, (goal, method, "+".join(form["data"]["columns"]), objective)))
