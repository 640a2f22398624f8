"""Several tasks in one training: shares that hold, a curve and a row in the results for each, faults named by key."""

import json

import pytest
from datasets import Dataset

from engine import document
from engine.problem import Problem
from engine.recipes.parts.mixture import tasks
from tests.forge import check_cell, forge, losses, refused, resumed
from tests.imitation import described, library_loss, tuned
from tests.preferences import script_of
from tests.tiny import talks, write_rows
from tests.training import curves

pytestmark = pytest.mark.slow

PAIR = {"prompt": "prompt", "completion": "completion"}


def table(known):
    return {row["name"]: row for row in known.finished["results"]["metrics"]}


def three_tasks(folder, weights=(1, 2, 1)):
    """Thirty prompts and answers, twenty conversations and ten instructions, each learned in its own share."""
    said = talks(30)
    turns = [
        [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]
        for row in said
    ]
    files = [
        write_rows(folder / "plain.jsonl", [{"q": row["prompt"], "a": row["completion"]} for row in said]),
        write_rows(folder / "chats.jsonl", [{"talk": each} for each in turns[:20]]),
        write_rows(folder / "orders.jsonl", [{"do": f"Name {n}", "with": "it", "get": "red " * 3} for n in range(10)]),
    ]
    columns = [
        {"prompt": "q", "completion": "a"},
        {"messages": "talk"},
        {"instruction": "do", "input": "with", "output": "get"},
    ]
    each = zip(files, columns, weights, strict=True)
    found = [{"file": str(file), "columns": roles, "weight": weight} for file, roles, weight in each]
    found[0]["template"] = "Q: {prompt}"
    found[1]["name"] = "chat"
    return {"train": found}


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_three_tasks_are_learned_at_once_and_each_is_measured_by_itself(kind, request, tmp_path):
    model = request.getfixturevalue(kind)
    run = described("sft", "lora", model, tmp_path, three_tasks(tmp_path))
    run["model"]["kind"] = "seq2seq" if kind == "t5" else "causal"
    folder, known = check_cell(run, tmp_path)
    measured = table(known)
    names = ["plain", "chat", "orders"]
    assert list(measured) == [
        *("eval_loss", "perplexity"),
        *(f"{name}_{kind}" for name in names for kind in ("loss", "perplexity")),
    ]
    assert {len(known.evaluated[f"{name}_loss"]) for name in names} == {len(known.evaluated["eval_loss"])} == {7}
    script = script_of(folder)
    tokenizer, saved = script.load_tokenizer(), tuned(folder, script)
    for name, (_, test) in script.read_tasks().items():
        alone = library_loss(saved, script, script.tokenize(test, tokenizer))
        assert measured[f"{name}_loss"]["tuned"] == pytest.approx(alone, abs=1e-4)
    for when in ("baseline", "tuned"):
        plain, chat, orders = (measured[f"{name}_loss"][when] for name in names)
        assert len({plain, chat, orders}) == 3
        assert measured["eval_loss"][when] == pytest.approx(plain / 4 + chat / 2 + orders / 4, abs=1e-6)
    assert known.finished["results"]["train_rows"] == 24 + 16 + 8
    assert known.begun["max_steps"] == 2 * 6
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    counted = [event for event in events if event["type"] == "progress" and event["name"] == "evaluating"]
    assert {(event["done"], event["total"]) for event in counted} == {(1, 1)}
    prompts = [sample["prompt"] for sample in known.finished["results"]["samples"]]
    assert prompts[0].startswith("Q: colour of") and prompts[1].startswith("colour of")


def test_tasks_that_were_stopped_go_on_as_if_unbroken(llama, tmp_path):
    folder, known = forge(described("sft", "lora", llama, tmp_path, three_tasks(tmp_path)), tmp_path / "runs")
    again = resumed(folder, tmp_path / "alone", 10)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert losses(tmp_path / "alone" / "output") == dict(curves(known)["loss"])


def mix(monkeypatch, sizes, weights):
    """How often each row of each task is in the mix, and the shares that are told."""
    told = [{"name": name, "weight": weight} for name, weight in zip("abc", weights, strict=False)]
    monkeypatch.setattr(tasks, "TRAIN", tuple(told))
    given = {
        name: Dataset.from_dict({"input_ids": [f"{name}{n}" for n in range(size)]}) for name, size in sizes.items()
    }
    mixed, shares = tasks.mixed(given)
    return list(mixed["input_ids"]), shares


def test_weights_hold_and_no_row_is_seen_twice_more_often_than_another(monkeypatch):
    found, shares = mix(monkeypatch, {"a": 30, "b": 10, "c": 20}, (1, 2, 3))
    assert shares == {"a": 10 / 60, "b": 20 / 60, "c": 30 / 60}
    counts = {row: found.count(row) for row in found}
    assert sum(row.startswith("a") for row in found) == 10
    assert {counts[f"b{n}"] for n in range(10)} == {2}
    assert sorted(counts[f"c{n}"] for n in range(20)) == [1] * 10 + [2] * 10
    assert len({row for row in found if row.startswith("a")}) == 10
    assert mix(monkeypatch, {"a": 30, "b": 10, "c": 20}, (1, 2, 3))[0] == found


def test_without_weights_every_row_is_taken_once(monkeypatch):
    found, shares = mix(monkeypatch, {"a": 30, "b": 10}, (0, 0))
    assert sorted(found) == sorted([*(f"a{n}" for n in range(30)), *(f"b{n}" for n in range(10))])
    assert shares == {"a": 0.75, "b": 0.25}


def test_a_row_of_any_form_becomes_a_conversation_and_braces_in_it_stay():
    def said(row, template=""):
        return [turn["content"] for turn in tasks.conversation(row, template)]

    assert said({"prompt": "a {input}", "completion": "b"}, "do {prompt}!") == ["do a {input}!", "b"]
    assert said({"instruction": "a {prompt}", "input": "", "output": "b"}) == ["a {prompt}", "b"]
    turns = [{"role": "user", "content": "a", "name": None}, {"role": "assistant", "content": "b"}]
    assert tasks.conversation({"messages": turns}, "") == [{"role": "user", "content": "a"}, turns[1]]
    assert tasks.conversation({"prompt": turns[:1], "completion": turns[1:]}, "") == turns


WRONG_TASKS = [
    ({"columns": {"promt": "q", "completion": "a"}}, "'data.train.1.columns': there is no role 'promt'; did you mean"),
    ({"columns": {"text": "q"}}, "a task of plain texts has no answer to learn"),
    ({"columns": {"prompt": "q"}}, "the columns do not say what is learned"),
    ({"name": "plain"}, "two tasks are called 'plain'; give each a name of its own"),
    ({"name": "keep"}, "no task can be called 'keep'"),
    ({"weight": 0}, "some tasks have a weight and some have none"),
    ({"weight": -1}, "'data.train.1.weight': input should be greater than or equal to 0"),
    ({"wieght": 1}, "there is no key 'data.train.1.wieght'; did you mean 'weight'?"),
    ({"file": ""}, "'data.train.1.file': string should have at least 1 character"),
]


@pytest.mark.parametrize(("change", "words"), WRONG_TASKS)
def test_a_wrong_task_is_named_by_its_key(change, words, llama, tmp_path):
    from engine.script import assemble

    run = described("sft", "lora", llama, tmp_path, three_tasks(tmp_path))
    run["data"]["train"][1] |= change
    with pytest.raises(Problem) as problem:
        assemble(document.check(run))
    assert words in problem.value.sentence
    if "plain texts" in words or "do not say" in words:
        assert problem.value.where == "data.train.1.columns"


def test_a_missing_key_of_a_task_and_what_belongs_to_every_task_are_said(llama, tmp_path):
    run = described("sft", "lora", llama, tmp_path, three_tasks(tmp_path))
    run["data"]["columns"] = PAIR
    with pytest.raises(Problem, match="every task has columns of its own"):
        document.check(run)
    del run["data"]["columns"], run["data"]["train"][2]["file"]
    with pytest.raises(Problem, match=r"'data\.train\.2\.file' is missing"):
        document.check(run)


def test_a_task_without_whole_rows_is_refused_before_any_weights_are_loaded(llama, tmp_path):
    data = three_tasks(tmp_path)
    write_rows(tmp_path / "chats.jsonl", [{"talk": []} for _ in range(8)])
    run = described("sft", "lora", llama, tmp_path, data)
    failed = refused(run, tmp_path / "runs")
    assert "the task chat (" in failed["message"]
    assert "has no whole row to learn from" in failed["message"]
    write_rows(tmp_path / "chats.jsonl", [{"said": "x"} for _ in range(8)])
    failed = refused(run, tmp_path / "again")
    assert "there is no column 'talk'" in failed["message"]
    for folder in [*(tmp_path / "runs").iterdir(), *(tmp_path / "again").iterdir()]:
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert "model" not in {event.get("name") for event in events}
