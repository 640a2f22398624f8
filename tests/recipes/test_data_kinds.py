"""Rows that would train the wrong thing: what the script makes of them, and that the same is said before the start."""

import csv
import json
import runpy

import pytest

from engine.data import look
from engine.findings import findings
from engine.guide import Facts, recommend
from engine.model import look as look_at_model
from engine.run_folder import create
from tests import facts as known
from tests.tiny import talks, write_rows

PROMPT = "what does the {n}. bird sing"
ASK, SAY = "who is in house {n}", "the baker of house {n}"


@pytest.fixture
def learned(llama, tmp_path, monkeypatch):
    """Plans a run of a file as the guide does; returns what its script defines, what was said, and its folder."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    def plan(file, goal="sft", model=llama, **sections):
        facts = Facts(known.machine(), look_at_model(str(model)), look(str(file)))
        answers = {
            "goal": goal,
            "model": {"id": str(model)},
            "data": {"train": str(file)},
            "training": {"max_length": 256 if model == llama else 128},
            **sections,
        }
        run = recommend(answers, facts).run
        said = {each.code: each for each in findings(run, facts)}
        folder = create(run, tmp_path / "runs")
        return runpy.run_path(str(folder / "train.py"), run_name="script"), said, folder

    return plan


def written(script, row):
    """Return the learned and the whole text of the examples that a script makes of a row."""
    tokenizer = script["load_tokenizer"]()
    train, test = script["read_rows"]()
    rows = [each for half in (train, test) for each in script["tokenize"](half, tokenizer)]
    texts = [
        (
            tokenizer.decode([token for token in each["labels"] if token >= 0], skip_special_tokens=True).strip(),
            tokenizer.decode(each["input_ids"], skip_special_tokens=True),
        )
        for each in rows
    ]
    return [text for text in texts if row in text[1]]


def dropped(folder):
    file = folder / "dropped.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def chat(*said):
    roles = ("user", "assistant") * len(said)
    return [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]


def test_silence_of_the_assistant_is_not_learned(learned, tmp_path):
    rows = [{"messages": chat(ASK.format(n=n), SAY.format(n=n))} for n in range(20)]
    rows[3]["messages"] = chat("old bird one", "  ", "old bird two", "the answer")
    rows[4]["messages"] = chat("red bird", None)
    rows[5]["messages"] = chat("green bird", "", "green lamp", "\n")
    script, said, folder = learned(write_rows(tmp_path / "talks.jsonl", rows))
    assert said["empty_answer"].message.startswith("3 of 20 rows hold a turn of the assistant that says nothing")
    assert "2 of these rows hold no other answer and are left out" in said["empty_answer"].advice
    assert [text for text, _ in written(script, "old bird")] == ["the answer"]
    assert written(script, "red bird") == written(script, "green bird") == []
    assert {(row["reason"], row["row"]) for row in dropped(folder)} == {("empty_field", 5), ("empty_field", 6)}


def test_rows_about_a_picture_are_left_out(learned, tmp_path):
    text = [{"type": "text", "text": "what is this"}]
    rows = [{"messages": [{"role": "user", "content": text}, *chat("", SAY.format(n=n))[1:]]} for n in range(20)]
    picture = {"type": "image_url", "image_url": {"url": "data:x"}}
    rows[7]["messages"] = [
        {"role": "user", "content": [picture, {"type": "text", "text": "purple cat"}]},
        *chat("", "a cat")[1:],
    ]
    script, said, folder = learned(write_rows(tmp_path / "seen.jsonl", rows))
    assert said["not_text"].message.startswith("1 of 20 rows hold parts that are no text (image_url)")
    assert written(script, "purple cat") == [] and len(written(script, "what is this")) == 19
    assert {(row["reason"], row["row"]) for row in dropped(folder)} == {("not_text", 8)}


def test_conversations_that_pandas_and_numpy_wrote_are_read(learned, tmp_path):
    cells = [repr(chat(ASK.format(n=n), f"it's {n}")) for n in range(20)]
    cells[2] = "[{'role': 'user', 'content': 'numpy asks'}\n {'role': 'assistant', 'content': 'it has no comma'}]"
    cells[3] = "[{'role': 'user', 'content': 'cut off"
    with (tmp_path / "talks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["messages"], *([cell] for cell in cells)])
    script, said, folder = learned(tmp_path / "talks.csv")
    assert said["unread_chat"].message.startswith("1 of 20 rows hold a conversation written as text")
    assert [text for text, _ in written(script, "numpy asks")] == ["it has no comma"]
    assert [(row["reason"], row["row"]) for row in dropped(folder)] == [("nothing_in_it", 4)]


@pytest.mark.parametrize("form", ["reasoning_content", "thinking", "<think>", "sharegpt"])
def test_thinking_text_is_learned_or_left_out_as_is_said(learned, tmp_path, form):
    def row(n):
        thought = f"house {n} comes after"
        if form == "sharegpt":
            turn = {"from": "gpt", "value": f"<think>\n{thought}\n</think>\n\nthe baker"}
            return {"conversations": [{"from": "human", "value": ASK.format(n=n)}, turn]}
        turn = {"role": "assistant", "content": "the baker"}
        turn |= {"content": f"<think>{thought}</think>the baker"} if form == "<think>" else {form: thought}
        return {"messages": [*chat(ASK.format(n=n)), turn]}

    file = write_rows(tmp_path / "thoughts.jsonl", [row(n) for n in range(20)])
    script, said, _ = learned(file)
    assert script_setting(script) == "keep" and said["thinking"].count == 20
    assert {text for text, _ in written(script, "house 7")} == {"<think>\nhouse 7 comes after\n</think>\n\nthe baker"}
    script, said, _ = learned(file, objective={"thinking": "drop"})
    assert {text for text, _ in written(script, "house 7")} == {"the baker"}


def script_setting(script):
    return "keep" if "apart" in script else "as_is"


def test_a_template_that_drops_thinking_text_is_refused(learned, tmp_path):
    rows = [
        {"messages": [*chat(ASK.format(n=n)), {"role": "assistant", "content": "x", "thinking": "long thought"}]}
        for n in range(20)
    ]
    script, *_ = learned(write_rows(tmp_path / "thoughts.jsonl", rows))
    tokenizer = script["load_tokenizer"]()
    tokenizer.chat_template = "{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}"
    with pytest.raises(ValueError, match="drops the thinking text"):
        script["thoughtful"](rows[0]["messages"], tokenizer)


def test_splits_of_a_saved_data_set_are_read_as_such(learned, tmp_path):
    from datasets import Dataset, DatasetDict

    every = Dataset.from_list(talks(50))
    parts = {
        "train": every.select(range(30)),
        "test": every.select(range(30, 40)),
        "extra": every.select(range(40, 50)),
    }
    DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    script, said, _ = learned(tmp_path / "saved")
    train, test = script["read_rows"]()
    assert (len(train), len(test)) == (30, 10)
    assert said["splits"].advice == "not used: extra"


def test_a_prompt_that_the_answers_repeat_stands_once(learned, tmp_path):
    rows = [
        {
            "prompt": PROMPT.format(n=n),
            "chosen": f"{PROMPT.format(n=n)} low",
            "rejected": f"{PROMPT.format(n=n)}\nhigh {n}",
        }
        for n in range(20)
    ]
    script, said, folder = learned(write_rows(tmp_path / "pairs.jsonl", rows), "prefer")
    assert said["prompt_repeated"].count == 20 and "it is cut off there" in said["prompt_repeated"].advice
    assert "convert: answers_alone" in (folder / "run.yaml").read_text("utf-8")
    train, _ = script["read_pairs"]()
    pair = train[0]
    assert pair["chosen"] == [{"role": "assistant", "content": "low"}]
    assert pair["rejected"][0]["content"].startswith("high") and len(pair["prompt"]) == 1


def test_a_few_answers_that_repeat_their_prompt_are_told(learned, tmp_path):
    rows = [{"prompt": PROMPT.format(n=n), "completion": "low"} for n in range(20)]
    rows[5]["completion"] = f"{rows[5]['prompt']}: low"
    _, said, folder = learned(write_rows(tmp_path / "rows.jsonl", rows))
    assert said["prompt_repeated"].count == 1 and "set data.convert to answers_alone" in said["prompt_repeated"].advice
    assert "convert: none" in (folder / "run.yaml").read_text("utf-8")


def test_a_longer_prompt_than_the_conversations_begin_with_is_kept(learned, tmp_path):
    opening = {"role": "system", "content": "be brief"}
    rows = [
        {
            "prompt": [opening, *chat(PROMPT.format(n=n))],
            "chosen": chat(PROMPT.format(n=n), "low"),
            "rejected": chat(PROMPT.format(n=n), "high"),
        }
        for n in range(20)
    ]
    script, *_ = learned(write_rows(tmp_path / "pairs.jsonl", rows), "prefer")
    train, _ = script["read_pairs"]()
    assert [turn["role"] for turn in train[0]["prompt"]] == ["system", "user"]


@pytest.mark.parametrize("plain", [[], ["hard_negative"]])
def test_all_numbered_negatives_are_used(learned, bert, tmp_path, plain):
    names = [*plain, *(f"negative_{place}" for place in (1, 2, 10))]
    rows = [
        {"anchor": ASK.format(n=n), "positive": SAY.format(n=n), **{name: f"{name} of {n}" for name in names}}
        for n in range(30)
    ]
    for row in rows[:10]:
        row["negative_11"] = "few"
    script, said, _ = learned(write_rows(tmp_path / "mined.jsonl", rows), "embed", bert)
    train, _ = script["embedding_rows"]()
    assert train.column_names == ["anchor", "positive", *(f"negative_{place}" for place in range(1, len(names) + 1))]
    row = next(row for row in train if row["anchor"] == ASK.format(n=7) or row["anchor"] == ASK.format(n=8))
    assert [row[f"negative_{place}"].split(" of ")[0] for place in range(1, len(names) + 1)] == names
    assert "'negative_11'" in said["unused_column"].message


def test_rows_that_are_marked_as_unlabelled_are_left_out(learned, bert, tmp_path):
    rows = [{"text": f"the {n}. bird sings of house {n}", "label": n % 4 - 1} for n in range(80)]
    file = write_rows(tmp_path / "birds.jsonl", rows)
    script, said, folder = learned(file, "classify", bert)
    assert said["no_label"].message.startswith("20 of 80 rows have -1 in 'label'")
    train, test = script["read_rows"]()
    assert {str(label) for label in [*train["label"], *test["label"]]} == {"0", "1", "2"}
    assert {row["reason"] for row in dropped(folder)} == {"no_label"} and len(dropped(folder)) == 20
    script, said, _ = learned(file, "classify", bert, data={"train": str(file), "no_label": []})
    assert "no_label" not in said
    assert len(script["read_rows"]()[0]["label"]) > 60


def test_rows_of_which_none_can_be_learned_are_refused_before_the_start(llama, tmp_path):
    from engine.interpreter import interpreter
    from engine.problem import Problem
    from tui.commands.start import begin

    picture = {"type": "image", "image": "a.png"}
    rows = [{"messages": [{"role": "user", "content": [picture]}, *chat("", "a cat")[1:]]} for _ in range(20)]
    answers = {"goal": "sft", "model": {"id": str(llama)}}
    for name, every in (("seen", rows), ("silent", [{"messages": chat("hello", "")}] * 20)):
        answers["data"] = {"train": str(write_rows(tmp_path / f"{name}.jsonl", every))}
        with pytest.raises(Problem, match="20 of 20 rows"):
            begin(answers, tmp_path / "runs", interpreter(None))
