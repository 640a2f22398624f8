"""Conversations in the model's own words: rendered by its chat template."""

from typing import Any

from transformers import PreTrainedTokenizerBase

CHAT_TEMPLATE: str = "own"  # the model's own chat template, or plain for a model that has none


def plain_template() -> str:
    """Return the template for a model that has none of its own."""
    return (
        "{{ bos_token or '' }}{% for message in messages %}### {{ message['role'] | capitalize }}:\n"
        "{{ message['content'] }}{{ eos_token if message['role'] == 'assistant' else '' }}\n\n{% endfor %}"
        "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
    )


def set_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the tokenizer the plain template if the run says so; it is saved with the model."""
    if CHAT_TEMPLATE == "plain":
        tokenizer.chat_template = plain_template()


def render(turns: list[dict[str, Any]], tools: Any, tokenizer: PreTrainedTokenizerBase, ask: bool) -> list[int]:
    """Return the tokens of a conversation; `ask` ends them where the assistant begins to speak."""
    tokens: list[int] = tokenizer.apply_chat_template(turns, tools=tools, add_generation_prompt=ask, return_dict=False)
    return tokens[1:] if tokens[:2] == [tokenizer.bos_token_id] * 2 else tokens
