"""Examples that are longer than the longest text: a prompt is never lost, what is cut is counted, and told."""

import json

import pytest
from datasets import Dataset
from transformers import AutoTokenizer

from engine.recipes.parts import conversation, fitted
from engine.recipes.parts.answer_end import with_end
from engine.recipes.parts.chat import mask_prompt
from engine.recipes.parts.tokens import chat
from engine.worker.truncated import Truncated
from tests.forge import forge
from tests.tiny import talks, write_rows
from tests.training import values


@pytest.mark.parametrize(
    ("prompt", "answers", "kept", "told", "cut"),
    [
        (3, [4], 3, [4], 0),
        (10, [4], 6, [4], 1),
        (3, [20], 3, [7], 2),
        (10, [20, 2], 5, [5, 2], 3),
        (0, [20], 0, [10], 2),
    ],
)
def test_prompt_and_answers_share_the_room(prompt, answers, kept, told, cut, monkeypatch):
    monkeypatch.setattr(fitted, "MAX_LENGTH", 10)
    asked = list(range(prompt))
    found, said, what = fitted.fitted(asked, [list(range(100, 100 + size)) for size in answers])
    assert (len(found), [len(answer) for answer in said], what) == (kept, told, cut)
    assert found == (asked if kept == prompt else [0, *asked[prompt - kept + 1 :]])
    assert all(answer == list(range(100, 100 + len(answer))) for answer in said)


@pytest.mark.parametrize("prompt", [0, 3, 10, 30])
@pytest.mark.parametrize("answer", [1, 4, 20])
@pytest.mark.parametrize("end", [1, 103, 999])
def test_one_answer_is_cut_as_several_are(prompt, answer, end, monkeypatch):
    for part in (fitted, mask_prompt):
        monkeypatch.setattr(part, "MAX_LENGTH", 10)
    asked, said = list(range(2, prompt + 2)), list(range(100, 100 + answer))
    begun, (told,), cut = fitted.fitted(asked, [with_end(said, end)])
    found = mask_prompt.build_example([*asked, 77], asked + said, end)
    assert found == {"input_ids": begun + told, "labels": [-100] * len(begun) + told, "truncated": cut}


def test_every_answer_of_a_long_conversation_is_learned(llama, monkeypatch):
    monkeypatch.setattr(mask_prompt, "MAX_LENGTH", 24)
    monkeypatch.setattr(conversation, "CHAT_TEMPLATE", "plain")
    counts = Truncated(chat, print)
    tokenizer = AutoTokenizer.from_pretrained(llama)
    turns = [{"role": role, "content": f"{role} {n} " * 9} for n in range(4) for role in ("user", "assistant")]
    monkeypatch.setattr(chat, "messages", lambda row: row["messages"])
    with counts.counting():
        found = chat.tokenize(Dataset.from_list([{"messages": turns}]), tokenizer)
    assert len(found) == 4
    for row in found:
        assert row["labels"][:12] == [-100] * 12 and row["labels"][12:] == row["input_ids"][12:]
    assert counts.counts == {"examples": 4, "too_long": 4, "prompts": 4, "answers": 4}


def long_rows(folder):
    rows = [*talks(30), *({"prompt": f"what is {n}?", "completion": "long " * 200} for n in range(6))]
    return str(write_rows(folder / "long.jsonl", rows))


@pytest.mark.slow
@pytest.mark.parametrize("too_long", ["truncate", "drop"])
def test_a_run_tells_what_is_too_long(too_long, llama, tmp_path):
    run = values("sft", "lora", llama, tmp_path, max_length=64, max_steps=1, too_long=too_long)
    run["data"]["train"] = long_rows(tmp_path)
    folder, known = forge(run, tmp_path / "runs")
    results = known.finished["truncated"]
    assert (results["examples"], results["too_long"], results["max_length"]) == (36, 6, 64)
    assert (results["answers"], results["left_out"]) == (6, 6 if too_long == "drop" else 0)
    (warning,) = [each for each in known.warnings if each["code"] == "truncated"]
    assert warning["message"].startswith("6 of 36 examples are longer than 64 tokens")
    if too_long == "drop":
        left_out = [json.loads(line) for line in (folder / "dropped.jsonl").read_text().splitlines()]
        assert [row["reason"] for row in left_out] == ["too_long"] * 6
        assert {row["data"]["completion"] for row in left_out} == {"long " * 200}
