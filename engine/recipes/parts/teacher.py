"""The teacher: a larger model that is asked and never changed."""

from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from engine.recipes.parts.base import ATTENTION, DTYPE, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE

TEACHER: str = "a/teacher"  # the model to learn from: a folder or a hub id
TEACHER_REVISION: str = "main"  # branch, tag or commit of a teacher on the hub


def source() -> dict[str, Any]:
    """Return where all files of the teacher come from."""
    return {"revision": TEACHER_REVISION, "trust_remote_code": TRUST_REMOTE_CODE}


def continues_texts(config: PretrainedConfig) -> bool:
    """Return whether a model continues texts, by what its config says of it."""
    known = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
    named = any(name.endswith(known) for name in config.architectures or known)
    return not config.is_encoder_decoder and (named or TRUST_REMOTE_CODE)


def load_teacher_tokenizer() -> PreTrainedTokenizerBase:
    """Return the teacher's tokenizer; a teacher that can't be one is refused here, before any weights are loaded."""
    try:
        tuned = (Path(TEACHER) / "adapter_config.json").is_file()
        config = None if tuned else AutoConfig.from_pretrained(TEACHER, **source())
        tokenizer = AutoTokenizer.from_pretrained(TEACHER, **source())
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        advice = "set objective.teacher to a folder with config.json and a tokenizer, or to a hub id"
        raise ValueError(f"objective.teacher: {TEACHER} is no model to learn from ({reason}): {advice}") from error
    if config is not None and not continues_texts(config):
        kind = config.model_type
        raise ValueError(
            f"objective.teacher: {TEACHER} ({kind}) does not continue texts: choose a causal language model"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_teacher() -> PreTrainedModel:
    """Return the teacher, frozen, in the type in which the student's weights are stored."""
    teacher = AutoModelForCausalLM.from_pretrained(TEACHER, **source(), dtype=DTYPE, attn_implementation=ATTENTION)
    return teacher.to(DEVICE).eval().requires_grad_(False)
