"""What the learning of preferences begins with."""

from engine.draft import Draft, Facts
from engine.goals.prefer import SMOOTHED, WITHOUT_REFERENCE, alone, trainer_of
from engine.objectives.reinforce import consent
from engine.objectives.sft import chat, samples

BETAS = {"orpo": "beta_orpo", "cpo": "beta_cpo", "simpo": "beta_simpo"}
"""Why beta is what it is, for losses in which it is no distance from a reference."""


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in how rows become pairs, which loss learns from them, and its numbers."""
    draft.put("data.template", "{instruction}\n\n{input}", "template")
    draft.put("data.ranked_pairs", "all", "ranked_pairs")
    lonely = alone(draft.get("data.columns", {}))
    draft.put("data.tries", 4, "tries" if lonely else "no_tries")
    draft.put("data.temperature", 1.0 if lonely else 0.0, "own_tries" if lonely else "own_answers")
    draft.put("data.answer_tokens", 128, "own_length")
    judged = "label" in draft.get("data.columns", {})
    draft.put("objective.loss", "kto" if judged else "sigmoid", "loss_kto" if judged else "loss_dpo")
    _numbers(draft, draft.get("objective.loss"))
    _reference(draft, facts)
    draft.put("objective.reward", {}, "no_reward")
    consent(draft)
    chat(draft, facts)
    samples(draft)
    if draft.get("method.dropout") is not None:
        draft.replace("method.dropout", 0.0, "dropout_prefer")


def _numbers(draft: Draft, loss: str) -> None:
    simple = loss == "simpo"
    draft.put("objective.beta", 2.0 if simple else 0.1, BETAS.get(loss, "beta"))
    smoothed = SMOOTHED.get(loss, 0.0)
    draft.put("objective.label_smoothing", smoothed, "smoothing" if smoothed else "no_smoothing")
    draft.put("objective.discopop_tau", 0.05, "of_another_loss" if loss != "discopop" else "discopop_tau")
    draft.put("objective.gamma", 0.5, "gamma" if simple else "of_another_loss")
    draft.put(
        "objective.cpo_alpha", 0.0 if simple else 1.0, "cpo_alpha" if loss in ("cpo", "simpo") else "of_another_loss"
    )
    judged = trainer_of(loss) == "kto"
    for name in ("good_weight", "bad_weight"):
        draft.put(f"objective.{name}", 1.0, "verdict_weight" if judged else "of_another_loss")
    if loss == "orpo":
        rates = draft.rules["learning_rate_orpo"]
        draft.put("training.learning_rate", rates[draft.kind], "rate_orpo")


def _reference(draft: Draft, facts: Facts) -> None:
    """Ask the reference once, unless the rows are seen only once by a model that is its own reference."""
    epochs = draft.get("training.epochs")
    if epochs is None and facts.data is not None:
        epochs = next(float(epochs) for most, epochs in draft.rules["epochs"] if facts.data.rows <= most)
    if draft.get("objective.loss") in WITHOUT_REFERENCE:
        draft.put("objective.reference", "once", "no_reference")
    elif draft.moves_base:
        draft.put("objective.reference", "once", "reference_copy")
    elif draft.get("training.max_steps") or (epochs is not None and epochs <= 1):
        draft.put("objective.reference", "live", "reference_live")
    draft.put("objective.reference", "once", "reference_once")
