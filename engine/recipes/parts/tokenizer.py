"""The tokenizer, with a padding token that is never mistaken for the end of an answer."""

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE


def load_tokenizer() -> PreTrainedTokenizerBase:
    """Return the base model's tokenizer; labels are masked by position, so padding may share a token with the end."""
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL, revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    if tokenizer.eos_token is None:
        raise ValueError(f"{BASE_MODEL} has no end-of-text token: a model tuned with it would never stop")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer
