"""Imitation: encoder-decoder models with every method, words around a prompt, and rows that are refused."""

import pytest
from datasets import Dataset
from transformers import AutoTokenizer

from engine import document
from engine.config import methods_of
from engine.problem import Problem
from engine.recipes.parts import pair_texts
from engine.recipes.parts.tokens import seq2seq
from engine.recipes.parts.turns import messages
from tests.forge import check_cell, forge, losses, refused, resumed
from tests.imitation import check_saved, described, moved
from tests.tiny import talks, write_rows
from tests.training import curves

pytestmark = pytest.mark.slow

PAIR = {"prompt": "prompt", "completion": "completion"}


def rows(folder, count=20):
    return {"train": str(write_rows(folder / "talks.jsonl", talks(count))), "columns": PAIR}


def table(known):
    return {row["name"]: row for row in known.finished["results"]["metrics"]}


@pytest.mark.parametrize("method", methods_of("sft"))
def test_every_method_teaches_an_encoder_decoder_and_the_saved_model_has_the_loss_that_was_reported(
    method, t5, tmp_path
):
    run = described("sft", method, t5, tmp_path, rows(tmp_path), model={"kind": "seq2seq"})
    folder, known = check_cell(run, tmp_path)
    results = known.finished["results"]
    assert table(known)["eval_loss"]["tuned"] < table(known)["eval_loss"]["baseline"] - 1e-4
    assert len(known.evaluated["perplexity"]) == 3
    check_saved(folder, results, 2e-2 if method in ("qlora", "lora8") else 1e-4)
    weights = moved(folder, t5)
    if method == "full":
        assert len(weights) > 40
        assert results["trainable"] == results["parameters"]
    elif method == "layers":
        assert {name.split(".")[2] for name in weights if ".block." in name} == {"1"}
        assert not any(name.startswith(("encoder.", "shared.")) for name in weights)
    else:
        marks = {"ia3": "ia3_", "bottleneck": "bottleneck_"}
        mark = marks.get(method, "lora_" if "lora" in method else "prompt_embeddings")
        assert weights and all(mark in name for name in weights)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_an_encoder_decoder_that_was_stopped_goes_on_as_if_unbroken(method, t5, tmp_path):
    folder, known = forge(
        described("sft", method, t5, tmp_path, rows(tmp_path), model={"kind": "seq2seq"}), tmp_path / "runs"
    )
    again = resumed(folder, tmp_path / "alone", 2)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert losses(tmp_path / "alone" / "output") == dict(curves(known)["loss"])


def test_gradient_checkpointing_of_an_encoder_decoder_changes_no_loss(t5, tmp_path):
    told = []
    for on in (False, True):
        place = tmp_path / str(on)
        place.mkdir()
        run = described("sft", "lora", t5, place, rows(place), model={"kind": "seq2seq"})
        run["training"] |= {"gradient_checkpointing": on}
        run["method"]["dropout"] = 0.0
        _, known = forge(run, place / "runs")
        told.append([value for _, value in curves(known)["loss"]])
    assert told[0] == pytest.approx(told[1], abs=1e-5)
    assert told[0][-1] < told[0][0]


@pytest.fixture
def tokenizer(t5):
    return AutoTokenizer.from_pretrained(t5)


def test_the_encoder_reads_the_prompt_and_the_decoder_learns_the_answer(tokenizer):
    row = seq2seq.tokenize(Dataset.from_list(talks(1)), tokenizer)[0]
    assert tokenizer.decode(row["input_ids"]) == "colour of door 0?</s>"
    assert tokenizer.decode(row["labels"]) == "it is red.</s>"
    text, asked = seq2seq.prompts(Dataset.from_list(talks(1)), tokenizer, 3)[0]
    assert (text, asked) == ("colour of door 0?", row["input_ids"])


def test_a_conversation_is_read_with_its_speakers_and_every_answer_is_learned(tokenizer, monkeypatch):
    monkeypatch.setattr(seq2seq, "messages", messages.messages)
    turns = [{"role": "system", "content": "be brief"}]
    turns += [{"role": role, "content": f"{role} {n}"} for n in range(2) for role in ("user", "assistant")]
    found = seq2seq.questions(turns)
    assert found[0] == ("be brief\n\nuser 0", "assistant 0")
    assert found[1] == (
        "be brief\n\nUser: user 0\n\nAssistant: assistant 0\n\nUser: user 1\n\nAssistant:",
        "assistant 1",
    )
    assert len(seq2seq.tokenize(Dataset.from_list([{"messages": turns}]), tokenizer)) == 2
    assert seq2seq.questions([*turns[:2], {"role": "assistant", "content": None, "tool_calls": []}]) == []
    call = {"function": {"name": "look", "arguments": {}}}
    with pytest.raises(ValueError, match="no text"):
        seq2seq.questions([*turns[:2], {"role": "assistant", "content": None, "tool_calls": [call]}])


def test_too_long_an_answer_is_cut_and_its_end_is_not_learned(tokenizer, monkeypatch):
    monkeypatch.setattr(seq2seq, "MAX_LENGTH", 8)
    row = seq2seq.tokenize(Dataset.from_list([{"prompt": "why " * 50, "completion": "so " * 50}]), tokenizer)[0]
    assert len(row["input_ids"]) == len(row["labels"]) == 8
    assert row["labels"][-1] != tokenizer.eos_token_id
    assert pair_texts.ended([5] * 8, 1) == [5] * 8 + [1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {"columns": {"text": "prompt"}}}, "turns one text into another, and these are texts alone"),
        ({"data": {"columns": {"messages": "m", "tools": "t"}}}, "no words for tools"),
        ({"objective": {"loss_on": "all"}}, "its encoder reads the prompt; set objective.loss_on to answer"),
        ({"training": {"packing": True}}, "cannot be packed; set training.packing to false"),
    ],
)
def test_what_an_encoder_decoder_cannot_learn_is_refused_in_a_sentence(change, words, t5, tmp_path):
    run = described("sft", "lora", t5, tmp_path, rows(tmp_path), model={"kind": "seq2seq"})
    for name, section in change.items():
        run[name] = {**run[name], **section}
    with pytest.raises(Problem) as problem:
        document.check(run)
    assert words in problem.value.sentence


def test_words_around_every_prompt(llama, tmp_path):
    data = {**rows(tmp_path), "template": "Say: {prompt} {instruction}"}
    folder, known = forge(described("sft", "lora", llama, tmp_path, data), tmp_path / "runs")
    assert known.finished["results"]["samples"][0]["prompt"].startswith("Say: colour of")
    check_saved(folder, known.finished["results"], 1e-4)


@pytest.mark.parametrize(
    ("told", "what"), [([{"prompt": "a", "completion": ""}] * 9, "learn from"), (talks(1), "test on")]
)
def test_rows_of_which_none_is_left_are_refused_before_any_weights_are_loaded(told, what, llama, tmp_path):
    data = {"train": str(write_rows(tmp_path / "few.jsonl", told)), "columns": PAIR}
    failed = refused(described("sft", "lora", llama, tmp_path, data), tmp_path / "runs")
    assert f"few.jsonl has no whole row to {what}" in failed["message"]
