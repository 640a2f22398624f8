"""What the goal distill begins with."""

from engine import teacher, words
from engine.draft import Draft, Facts
from engine.objectives.sft import chat, samples


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in what is learned from the teacher, and how it is compared."""
    draft.put("data.template", "{instruction}\n\n{input}", "template")
    draft.put("objective.teacher_revision", "main", "teacher_revision")
    _imitate(draft, facts)
    draft.put("objective.divergence", "forward", "divergence")
    draft.put("objective.temperature", 2.0, "soft")
    draft.put("objective.answer_weight", 0.5, "answer_weight")
    draft.put("objective.answer_tokens", 256, "answer_tokens")
    text = "text" in draft.get("data.columns", {})
    draft.put("objective.loss_on", "all" if text else "answer", "loss_on_all" if text else "loss_on_answer")
    chat(draft, facts)
    samples(draft)


def _imitate(draft: Draft, facts: Facts) -> None:
    name, roles = draft.get("objective.teacher"), set(draft.get("data.columns", {}))
    folder = teacher.folder_of(str(name), str(draft.get("objective.teacher_revision"))) if name else None
    looked = teacher.look_at(folder) if folder else None
    same = teacher.same_tokens(facts.model.folder if facts.model else None, folder)
    if roles == {"prompt"}:
        draft.put("objective.imitate", "text", "imitate_prompts")
    elif same is False and roles != {"text"}:
        draft.put("objective.imitate", "text", "imitate_other")
    draft.put("objective.imitate", "logits", "imitate_same" if same else "imitate_unknown")
    if same is False and draft.get("objective.imitate") == "logits":
        draft.warn("other_tokens", teacher=words.model(str(name)))
    if looked and facts.model and (looked.parameters or 0) <= (facts.model.parameters or 0):
        draft.warn("small_teacher", teacher=words.model(str(name)))
