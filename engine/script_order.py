"""The order of a script: every definition under the heading of its part, callers above what they call."""

import ast
from collections.abc import Iterable, Mapping
from functools import lru_cache

HEADINGS = ("Data", "Teacher", "Model", "Reward", "Rollout", "Retention", "Training", "Before and after", "Main")
"""The sections of a script after its settings, in their order."""
FUNCTIONS = {
    "main": "Main",
    "load_rows": "Data",
    "load_tokenizer": "Data",
    "load_model": "Model",
    "make_trainer": "Training",
    "measure": "Before and after",
    "report": "Before and after",
}
"""Functions that stand under one heading wherever they come from."""
FOLDERS = {
    "data": "Data",
    "chat": "Data",
    "prompting": "Data",
    "preference": "Data",
    "model": "Model",
    "adapter": "Model",
    "distillation": "Teacher",
    "rl.reward": "Reward",
    "rl": "Rollout",
    "retention": "Retention",
    "training": "Training",
    "trainer": "Training",
    "trained_dtype": "Training",
    "packing": "Training",
    "setup": "Training",
    "evaluation": "Before and after",
    "evaluation.test_sets": "Training",
    "embedding": "Training",
    "embedding.rows": "Data",
    "embedding.evaluators": "Before and after",
    "classification": "Training",
}
"""The heading of a part by its folder, or by its name; what is not named stands with the first that calls it."""
FLAT = {
    "Data": "answer_end asked class_question class_texts classes cleaning common_turns conversation convert damage "
    "distinct_texts doubles dropped embedding_rows empty_fields ended files first_asked fitted flaws halves "
    "is_answer json_value keep_form known_classes label_names mixture opened pair_texts "
    "pair_tokens pairing pairs plain_texts questions read reader refined roles row_of row_texts rows shots "
    "source split spoiled spoken taken template text_columns texts thinking token_rows tokenizer tokens "
    "turns unfit unlabelled verdicts whole_texts",
    "Teacher": "teacher teacher_texts",
    "Model": "adapter attention_ends base base_config blocks bottleneck_tuner decoder eight_bit embedding_width "
    "encoder encoder_adapter encoder_check four_bit frozen_encoder head head_names ia3_config language_model "
    "last_blocks linear_layers lora_config method_check mlp_ends model_class model_task new_head noise packed "
    "prompt_shape sequence_classifier unknown_targets untouched virtual_tokens weights",
    "Reward": "reward rewards",
    "Rollout": "rollout sampling",
    "Retention": "class_keep class_keep_set distance holding keep keep_named keep_set keep_texts kept"
    " kept_tensors replay retention scored watched",
    "Training": "answer_tokens arguments class_trainer divergence embedding_loss embedding_sizes "
    "embedding_trainer groups guide_model learner likelihood loop "
    "loss_kernel pair_batch reference surrogate "
    "token_trainer",
    "Before and after": "asking batched_answers before_after class_card class_results class_samples"
    " confusion cut embedding_evaluator imitating measured policy_test predictions preferring results retrieval"
    " samples scores untrained",
    "Main": "begin",
}
"""Parts that are not in the folder of their heading yet."""
PARTS = FOLDERS | {name: heading for heading, names in FLAT.items() for name in names.split()}


def heading_of(part: str) -> str:
    """Return the heading of a part by its dotted name below `parts`, empty where its caller decides."""
    pieces = part.split(".")
    longest = (".".join(pieces[:size]) for size in range(len(pieces), 0, -1))
    return next((PARTS[name] for name in longest if name in PARTS), "")


@lru_cache(maxsize=4096)
def _names(piece: str) -> tuple[str, ...]:
    """Return the names that a definition uses, each once, in the order of the text."""
    nodes = [node for node in ast.walk(ast.parse(piece)) if isinstance(node, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in nodes))


@lru_cache(maxsize=4096)
def _needed_first(piece: str) -> frozenset[str]:
    """Return the names that have to be bound when a definition is read: decorators, bases, defaults, annotations."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(piece).body[-1]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            outside = [node.args, *getattr(node, "decorator_list", []), getattr(node, "returns", None)]
            waiting += [each for each in outside if each is not None]
        elif isinstance(node, ast.Name):
            found.add(node.id)
        else:
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def sections(pieces: Mapping[str, str], part_of: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return headings with the names of the definitions below them, in reading order.

    `part_of` holds the dotted name below `parts` of the part that each definition comes from.
    """
    order = _callers_first(pieces)
    headings = _headings(pieces, order, part_of)
    wanted = [name for heading in HEADINGS for name in order if headings[name] == heading and name != "main"]
    placed: dict[str, str] = {}
    for name in (*wanted, *(name for name in ("main",) if name in pieces)):
        _place(name, headings[name], pieces, placed)
    found = [(heading, [name for name in placed if placed[name] == heading]) for heading in HEADINGS]
    return [(heading, names) for heading, names in found if names]


def _callers_first(pieces: Mapping[str, str]) -> list[str]:
    """Return every definition above all that it uses; what is used first stands first."""
    finished: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in finished or name in above:
            return
        for used in reversed(_names(pieces[name])):
            if used in pieces:
                visit(used, (*above, name))
        finished[name] = None

    for name in ("main", *reversed(list(pieces))):
        if name in pieces:
            visit(name, ())
    return list(reversed(finished))


def _headings(pieces: Mapping[str, str], order: Iterable[str], part_of: Mapping[str, str]) -> dict[str, str]:
    """Return the heading of every definition; what has none of its own stands where it is used first."""
    found: dict[str, str] = {}
    for name in order:
        own = FUNCTIONS.get(name) or heading_of(part_of[name])
        users = [found[other] for other in found if name in _names(pieces[other])]
        found[name] = own or min(users, key=HEADINGS.index, default="Main")
    return found


def _place(name: str, heading: str, pieces: Mapping[str, str], placed: dict[str, str]) -> None:
    """Put a definition under a heading, below those that Python needs before it."""
    if name in placed:
        return
    for needed in _names(pieces[name]):
        if needed in pieces and needed != name and needed in _needed_first(pieces[name]):
            _place(needed, heading, pieces, placed)
    placed[name] = heading
