"""The forms that a goal's run takes: for each goal the sections that choose other parts, once each.

`test_script.py` assembles every method of a goal with every one of its forms.
"""

import itertools
from typing import Any

from engine import losses
from engine.config import RUN_TYPES, methods_of

MANY = {"negative_*": ("negative_1", "negative_2")}
"""Roles of which a row may have several."""


def roles(*names: str) -> dict[str, Any]:
    """The data section for these roles."""
    return {"data": {"columns": {name: name for name in names}}}


def embed_forms() -> list[dict[str, Any]]:
    """Every loss with every shape of rows that it takes; the first of them once more with one embedding size."""
    forms = [
        roles(*(name for role in shape.roles for name in MANY.get(role, (role,)))) | {"objective": {"loss": loss}}
        for shape in losses.shapes()
        for loss in shape.losses
    ]
    return [*forms, forms[0] | {"objective": {"loss": losses.shapes()[0].losses[0], "matryoshka": []}}]


SEVERAL = {
    "data": {
        "train": [
            {"file": "a.jsonl", "columns": {"prompt": "q", "completion": "a"}, "template": "Say: {prompt}"},
            {"file": "b.jsonl", "columns": {"messages": "talk"}, "test": "c.jsonl", "group": "page"},
        ]
    }
}
"""Two tasks with columns of their own."""
PAIRS = {"model": {"kind": "seq2seq"}}
"""A model that turns one text into another."""


def keeping(form: dict[str, Any], kind: str, keep: str = "old.txt") -> dict[str, Any]:
    """The same form with a guard against forgetting, on rows that are given or (none) written by the model itself."""
    return form | {"data": {**form["data"], "keep": keep}, "retention": {"kind": kind}}


CHATS = roles("prompt", "completion")
READERS = [
    {"reader": "lines", "convert": "chats"},
    {"reader": "document", "convert": "questions"},
    {"reader": "table"},
    {"reader": "lines", "drop": ["broken_row", "near_duplicate"]},
]
"""Ways to read files that bring settings of their own."""
CONVERSIONS = ("instances", "joined_texts", "first_texts", "each_text", "flat", "ranked_answers", "answers_alone")
REFINED = [{"label_names": {"0": "no"}}, {"score_range": [0.0, 5.0]}, {"no_label": ["-1"]}]


def read_as(form: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    """The same form with files that are read in another way."""
    return form | {"data": {**form["data"], **reading}}


FORMS: dict[str, list[dict[str, Any]]] = {
    "sft": [
        roles("prompt", "completion"),
        roles("messages", "tools"),
        roles("instruction", "input", "output"),
        roles("text"),
        {"data": {**roles("prompt", "completion")["data"], "template": "Summarise: {prompt}"}},
        SEVERAL,
        roles("prompt", "completion") | PAIRS,
        roles("messages") | PAIRS,
        roles("instruction", "output") | PAIRS,
        SEVERAL | PAIRS,
        read_as(SEVERAL, {"drop": ["html"]}),
        keeping(CHATS, "none"),
        *(keeping(CHATS, kind, keep) for kind in ("replay", "ewc", "si", "distill") for keep in ("", "old.txt")),
        keeping(SEVERAL, "replay"),
        keeping(CHATS | PAIRS, "replay"),
        keeping(SEVERAL | PAIRS, "distill"),
    ],
    "pretrain": [roles("text"), roles("text") | {"training": {"packing": False}}, keeping(roles("text"), "ewc")],
    "classify": [
        roles("text", "label"),
        roles("text", "text_pair", "label"),
        *(keeping(roles("text", "label"), kind) for kind in ("none", "replay", "ewc", "si", "distill")),
    ],
    "embed": embed_forms(),
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
    ]
    + [
        roles("prompt") | {"objective": {"reward": {kind: payer}}}
        for kind, payer in (("model", "a/judge"), ("function", "reward.py:pay"), ("function", "builtin:exact_match"))
    ],
    "reward": [roles("prompt", "chosen", "rejected"), roles("chosen", "rejected"), roles("prompt", "ranked")],
    "reinforce": [
        roles(*names) | {"objective": {"algorithm": algorithm, "reward": {kind: payer}}}
        for algorithm, kind, payer, names in (
            ("ppo", "function", "reward.py:pay", ("prompt",)),
            ("rloo", "function", "reward.py:pay", ("prompt",)),
            ("grpo", "function", "builtin:last_number", ("prompt", "answer")),
            ("ppo", "model", "a/reward-model", ("prompt", "answer")),
            ("grpo", "model", "a/reward-model", ("prompt",)),
        )
    ],
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
    "baseline": [
        roles("prompt", "completion"),
        {"data": {**roles("prompt", "completion")["data"], "template": "Summarise: {prompt}"}},
        roles("messages", "tools"),
        roles("instruction", "input", "output"),
        roles("prompt", "completion") | PAIRS,
        roles("text", "label"),
        roles("text", "text_pair", "label") | {"model": {"kind": "encoder"}},
        roles("anchor", "positive") | {"model": {"kind": "encoder"}},
    ],
}
for _goal, _forms in FORMS.items():
    _others = [{"reader": "text"}, *({"convert": name} for name in CONVERSIONS)] if _goal == "pretrain" else []
    _others += [{"empty_rows": "refuse"}, {"test": "b.csv"}]
    _others += [{"split": "content", "empty_rows": "refuse"}] if "label" not in _forms[0]["data"]["columns"] else []
    _others += REFINED if _goal in ("classify", "embed") else []
    _forms += [read_as(_forms[0], reading) for reading in (*READERS, *_others)]
CHAT = {"sft", "prefer", "reward", "reinforce", "distill", "baseline"}
"""Goals whose objective has a chat template."""


def skipped(goal: str, method: str, form: dict[str, Any]) -> bool:
    """Whether this method does not go with this form of the goal, or every other of its forms stands for this one."""
    if method not in ("lora", "none") and (
        "retention" in form
        or {"reader", "convert", "drop", "label_names", "score_range", "no_label"} & form["data"].keys()
    ):
        return True
    return goal == "embed" and method != "lora" and form is not FORMS["embed"][0]


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
    kind = form.get("model", {}).get("kind", "")
    other = "+".join(name for section in ("data", "training") for name in form.get(section, {}) if name != "columns")
    columns, guard = "+".join(form["data"].get("columns", ())), form.get("retention", {}).get("kind", "")
    return "-".join(filter(None, (goal, method, columns, other, kind, objective, guard)))
