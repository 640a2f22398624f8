"""Forms that the rules were not written for: other names, orders and layouts of what people bring."""

import json
from pathlib import Path
from typing import Any

from engine.data import look

LONG = "The fox goes home over the hill and through the wood, where a baker lives. " * 6
ASK, SAY = "Who lives on the hill?", "A baker lives on the hill."
TURNS = [{"role": "user", "content": ASK}, {"role": "assistant", "content": SAY}]
SHARED = [{"from": "human", "value": ASK}, {"from": "gpt", "value": SAY}]
TURNED = [{"role": "user", "content": ASK}, {"role": "assistant", "content": "Nobody."}]
VARIANTS: list[tuple[dict[str, Any], str]] = [
    ({"id": "a1", "messages": TURNS, "source": "web"}, "sft_messages"),
    ({"dialogue": [{"role": "system", "content": "Be kind."}, *TURNS]}, "sft_messages"),
    ({"conversation": TURNS, "lang": "en"}, "sft_messages"),
    ({"messages": TURNS, "tools": [{"type": "function", "function": {"name": "clock"}}]}, "sft_messages_tools"),
    ({"conversations": SHARED, "system": "Be kind."}, "sft_sharegpt"),
    ({"items": SHARED, "id": 7}, "sft_sharegpt"),
    ({"conversation": [{"question": ASK, "answer": SAY}]}, "qa_context_nested"),
    ({"chat": [{"user": ASK, "assistant": SAY}]}, "sft_sharegpt_pairs"),
    ({"INSTRUCTION": "Translate", "INPUT": ASK, "OUTPUT": SAY}, "sft_alpaca"),
    ({"output": SAY, "instruction": ASK, "input": ""}, "sft_alpaca"),
    ({"instruction": ASK, "response": SAY, "context": LONG, "category": "qa"}, "sft_dolly"),
    ({"prompt": ASK, "response": SAY}, "sft_prompt_completion"),
    ({"input": ASK, "target": SAY}, "sft_prompt_completion"),
    ({"source": ASK, "target": SAY, "split": "train"}, "sft_prompt_completion"),
    ({"document": LONG, "summary": SAY}, "sft_prompt_completion"),
    ({"text": f"### Human: {ASK}\n### Assistant: {SAY}"}, "sft_text"),
    ({"text": f"<|im_start|>user\n{ASK}<|im_end|>\n<|im_start|>assistant\n{SAY}<|im_end|>"}, "sft_text"),
    ({"text": json.dumps({"messages": TURNS})}, "sft_text_of_json_messages"),
    ({"chat_json": json.dumps(TURNS)}, "sft_text_of_json_messages"),
    ({"task": "Sort", "examples": [{"input": "b a", "output": "a b"}]}, "sft_nested_instances"),
    ({"content": LONG, "url": "page", "timestamp": "2020"}, "pretrain_text"),
    ({"article": LONG}, "pretrain_text"),
    ({"review": SAY, "stars": 4}, "text_classification"),
    ({"tweet": SAY, "emotion": "joy"}, "text_classification"),
    ({"Text": SAY, "Category": "food"}, "text_classification"),
    ({"question": ASK, "chosen": SAY, "rejected": "Nobody."}, "preference_plain"),
    ({"question": ASK, "response_j": SAY, "response_k": "Nobody."}, "preference_plain"),
    ({"chosen": TURNS, "rejected": TURNED}, "preference_conversational"),
    ({"prompt": ASK, "chosen": TURNS, "rejected": TURNED, "margin": 1.5}, "preference_conversational"),
    ({"instruction": ASK, "output_1": SAY, "output_2": "Nobody."}, "preference_unlabelled"),
    ({"messages": TURNS, "label": True}, "kto_unpaired"),
    ({"problem": ASK, "ground_truth": "baker"}, "grpo_verifiable"),
    ({"prompt": TURNS[:1], "reward_model": {"ground_truth": "3", "style": "rule"}}, "grpo_verifiable"),
    ({"prompts": ASK}, "prompt_only"),
    ({"query": ASK, "positive_passages": [{"text": LONG}], "negative_passages": [{"text": SAY}]}, "triplets"),
    ({"anchor": ASK, "positive": SAY, "hard_negative": "Nobody."}, "triplets"),
    ({"query": ASK, "doc": LONG}, "retrieval_pairs"),
    ({"sentence_a": ASK, "sentence_b": SAY, "similarity": 0.7}, "sts_scored_pairs"),
    ({"premise": ASK, "hypothesis": SAY, "gold_label": "neutral"}, "nli_pairs"),
    ({"problem": "What is 2 and 2?", "solution": "It is four, as 2 and 2 are."}, "qa_pairs"),
    ({"passage": LONG, "question": ASK, "answer": "a baker"}, "qa_context"),
    ({"title": "Hill", "paragraphs": [{"context": LONG, "qas": [{"question": ASK, "answers": [{"text": "baker", "answer_start": 3}]}]}]}, "qa_squad"),
    ({"image": "a.png", "messages": TURNS}, "sft_multimodal"),
    ({"width": 3.5, "height": 2}, "not_a_dataset"),
]  # fmt: skip


def test_nine_in_ten_forms_that_no_rule_was_written_for_are_told(tmp_path: Path) -> None:
    missed = []
    for number, (row, label) in enumerate(VARIANTS):
        path = tmp_path / f"v{number}.jsonl"
        path.write_text((json.dumps(row) + "\n") * 12)
        found = look(str(path)).format
        if found != label:
            missed.append((label, found, list(row)))
    assert len(VARIANTS) >= 40
    assert len(missed) <= 0.1 * len(VARIANTS), missed
