"""Conversations as tokens: every answer is learned once, after all that came before it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.arguments import MAX_LENGTH
from engine.recipes.parts.turns.prompt_completion import messages

LOSS_ON: str = "answer"  # learn the answer only, or all of the text
CHAT_TEMPLATE: str = "own"  # the model's own chat template, or plain for a model that has none


def set_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the tokenizer the plain template if the run says so; it is saved with the model."""
    if CHAT_TEMPLATE == "plain":
        tokenizer.chat_template = (
            "{{ bos_token or '' }}{% for message in messages %}### {{ message['role'] | capitalize }}:\n"
            "{{ message['content'] }}{{ eos_token if message['role'] == 'assistant' else '' }}\n\n{% endfor %}"
            "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
        )
    elif tokenizer.chat_template is None:
        raise ValueError("the model has no chat template of its own: set objective.chat_template to plain")


def render(turns: list[dict[str, Any]], tools: Any, tokenizer: PreTrainedTokenizerBase, ask: bool) -> list[int]:
    """Return the tokens of a conversation; `ask` ends them where the assistant begins to speak."""
    tokens: list[int] = tokenizer.apply_chat_template(turns, tools=tools, add_generation_prompt=ask, return_dict=False)
    return tokens[1:] if tokens[:2] == [tokenizer.bos_token_id] * 2 else tokens


def example(asked: list[int], whole: list[int], end: int) -> dict[str, list[int]]:
    """Return tokens and labels of one answer: its end is marked, and what is too long loses the prompt first."""
    same = 0
    while same < min(len(asked), len(whole)) and asked[same] == whole[same]:
        same += 1
    prompt, answer = whole[:same], whole[same:]
    length = len(answer) - answer[::-1].index(end) if end in answer else len(answer)
    answer = [*answer[:length], *([] if end in answer else [end])][:MAX_LENGTH]
    room = MAX_LENGTH - len(answer)
    prompt = prompt if len(prompt) <= room else [*prompt[:1], *prompt[len(prompt) - room + 1 :]][:room]
    masked = [-100] * len(prompt) if LOSS_ON == "answer" else prompt
    return {"input_ids": prompt + answer, "labels": masked + answer}


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`, one row for each answer of the assistant."""
    set_template(tokenizer)

    def answers(batch: dict[str, list[Any]]) -> dict[str, list[list[int]]]:
        columns: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
        for values in zip(*batch.values(), strict=True):
            row = dict(zip(batch, values, strict=True))
            turns, tools = messages(row), row.get("tools")
            for place, turn in enumerate(turns):
                if turn["role"] == "assistant":
                    asked = render(turns[:place], tools, tokenizer, ask=True)
                    whole = render(turns[: place + 1], tools, tokenizer, ask=False)
                    for name, tokens in example(asked, whole, tokenizer.eos_token_id).items():
                        columns[name].append(tokens)
        return columns

    return rows.map(answers, batched=True, remove_columns=rows.column_names, desc="tokenising")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    asked = []
    for row in rows.select(range(min(count, len(rows)))):
        turns = messages(row)
        last = max(place for place, turn in enumerate(turns) if turn["role"] == "assistant")
        tokens = render(turns[:last], row.get("tools"), tokenizer, ask=True)
        asked.append((str(turns[last - 1]["content"]), tokens[-MAX_LENGTH:]))
    return asked
