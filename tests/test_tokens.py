"""What is shown of a row is what its model is trained on, for every goal that turns texts into tokens."""

from typing import Any

import pytest

from tests import tiny
from tests.commands import complaint, tunewright
from tests.seeing import first_batch, learned, seen, whole
from tests.tiny import write_rows
from tests.training import values
from tui.commands.tokens import document

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loaded_python")]

PLAIN = {"chat_template": "plain"}
PREFERENCE = {role: role for role in ("prompt", "chosen", "rejected")}


def asked(n: int) -> str:
    return f"<s>### User:\n{tiny.talks()[n]['prompt']}\n\n### Assistant:\n"


def described(goal: str, model: Any, folder: Any, rows: Any = None, columns: Any = None, **more: Any) -> dict[str, Any]:
    """A small run of any goal; all rows are trained on but those of a test file."""
    found = values(
        "embed" if goal == "embed" else "sft", more.pop("method", "lora"), model, folder, **more.pop("training", {})
    )
    found["goal"] = goal
    given = tiny.pairs() if goal == "embed" else tiny.talks()
    data = write_rows(folder / "rows.jsonl", given if rows is None else rows)
    found["data"] = {"train": str(data), "test": str(data), "columns": columns or found["data"]["columns"]}
    if goal not in ("sft", "embed"):
        found["objective"] = {}
    return found | more


def preferences(count: int = 24) -> list[dict[str, str]]:
    return [{"prompt": f"colour {n}?", "chosen": f"it is red {n}", "rejected": "no"} for n in range(count)]


def test_of_a_chat_only_the_answer_and_its_end_are_trained_on(llama, tmp_path) -> None:
    found = seen(described("sft", llama, tmp_path), tmp_path / "run", asked=(0, 7))
    for row, number in zip(found["rows"], (0, 7), strict=True):
        (text,) = row["texts"]
        assert whole(text) == asked(number) + tiny.talks()[number]["completion"] + "</s>"
        assert learned(text) == tiny.talks()[number]["completion"] + "</s>"
        assert [piece for piece, mark in zip(text["pieces"], text["special"], strict=True) if mark] == ["<s>", "</s>"]
    totals = found["totals"]
    assert (totals["examples"], totals["rows_counted"], totals["without"], totals["cut"]) == (48, 48, 0, 0)
    told = document("sft", {"row": found["rows"][1], "totals": totals, "notes": []})["row"]
    assert (told["number"], told["of"], told["texts"][0]["text"]) == (8, 48, whole(text))
    tokens = told["texts"][0]["tokens"]
    assert [token["id"] for token in tokens] == text["ids"]
    assert "".join(token["text"] for token in tokens if token["trained"]) == learned(text)


def test_every_answer_of_a_conversation_is_an_example_and_strange_letters_stay_whole(llama, tmp_path) -> None:
    said = [("user", "naïve 漢字?"), ("assistant", "é 😀"), ("user", "and\tnow\x1b[31m"), ("assistant", "no")]
    rows = [{"messages": [{"role": role, "content": text} for role, text in said]}] * 9
    run = described("sft", llama, tmp_path, rows, {"messages": "messages"}, training={"max_length": 200})
    first, second = seen(run, tmp_path / "run", asked=(0, 1))["rows"]
    assert learned(first["texts"][0]) == "é 😀</s>"
    assert learned(second["texts"][0]) == "no</s>"
    assert "naïve 漢字?" in whole(second["texts"][0])


def test_a_real_training_gets_the_rows_that_are_shown(llama, tmp_path) -> None:
    run = described("sft", llama, tmp_path, training={"max_length": 34})
    shown = seen(run, tmp_path / "seen", asked=range(48))["rows"]
    known = {(tuple(text["ids"]), tuple(text["trained"])) for row in shown for text in row["texts"]}
    batch = first_batch(run, tmp_path / "real")
    given = set()
    for ids, mask, labels in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
        length = sum(mask)
        given.add((tuple(ids[:length]), (0, *(int(label != -100) for label in labels[1:length]))))
    assert len(given) == 8
    assert given <= known


def test_what_is_cut_is_counted_and_whether_it_costs_the_answer(llama, tmp_path) -> None:
    rows = [*tiny.talks(20), *({"prompt": "colour?", "completion": "it is red. " * 30} for _ in range(4))]
    rows += [{"prompt": "of what colour is it? " * 12, "completion": "it is red."} for _ in range(3)]
    totals = seen(described("sft", llama, tmp_path, rows), tmp_path / "run")["totals"]
    assert (totals["cut"], totals["cut_answers"], totals["longest"]) == (7, 4, 64)
    assert totals["padding"] > totals["padding_grouped"] > 0.0
    assert totals["padding_packed"] == 0.0


def test_packed_rows_show_where_each_begins_and_what_packing_saves(llama, tmp_path) -> None:
    rows = [{**row, "completion": row["completion"] * (1 + n % 3)} for n, row in enumerate(tiny.talks(24))]
    run = described("sft", llama, tmp_path, rows, training={"packing": True, "max_length": 100})
    found = seen(run, tmp_path / "run")
    text = found["rows"][0]["texts"][0]
    assert whole(text).count("<s>") == 2
    assert learned(text).count("</s>") == 2
    assert found["totals"]["padding"] == 0.0
    assert found["totals"]["padding_unpacked"] > 0.0


def test_an_encoder_decoder_reads_the_question_and_writes_the_answer(t5, tmp_path) -> None:
    run = described("sft", t5, tmp_path)
    run["model"]["kind"] = "seq2seq"
    asked_, answer = seen(run, tmp_path / "run")["rows"][0]["texts"]
    assert whole(asked_).strip() == tiny.talks()[0]["prompt"] + "</s>"
    assert learned(asked_) == ""
    assert learned(answer).strip() == whole(answer).strip() == tiny.talks()[0]["completion"] + "</s>"


@pytest.mark.parametrize("loss", ["sigmoid", "orpo"])
def test_of_a_preference_both_answers_are_shown(llama, tmp_path, loss: str) -> None:
    run = described("prefer", llama, tmp_path, preferences(), PREFERENCE, objective={**PLAIN, "loss": loss})
    chosen, rejected = seen(run, tmp_path / "run", asked=(3,))["rows"][0]["texts"]
    assert (chosen["name"], learned(chosen)) == ("chosen", "it is red 3</s>")
    assert (rejected["name"], learned(rejected)) == ("rejected", "no</s>")
    assert "colour 3?" in whole(chosen)


def test_of_a_verdict_the_answer_is_shown_with_its_label(llama, tmp_path) -> None:
    run = described("prefer", llama, tmp_path, preferences(), PREFERENCE, objective={**PLAIN, "loss": "kto"})
    rows = seen(run, tmp_path / "run", asked=range(48))["rows"]
    good = {row["label"]: learned(row["texts"][0]) for row in rows}
    assert good.keys() == {"True", "False"}
    assert (good["True"][:9], good["False"]) == ("it is red", "no</s>")


def test_a_reward_model_reads_both_answers_whole(llama, tmp_path) -> None:
    run = described("reward", llama, tmp_path, preferences(), PREFERENCE, objective=PLAIN)
    row = seen(run, tmp_path / "run")["rows"][0]
    assert row["learned"] == "whole"
    assert [whole(text).rpartition("\n")[2] for text in row["texts"]] == ["it is red 0</s>", "no</s>"]


@pytest.mark.parametrize("method", ["lora", "head"])
def test_a_classifier_reads_the_text_and_learns_its_label(bert, tmp_path, method: str) -> None:
    rows = tiny.labelled()
    run = described("classify", bert, tmp_path, rows, {"text": "text", "label": "label"}, method=method)
    if method == "head":
        run["method"] = {"kind": "head"}
    row = seen(run, tmp_path / "run", asked=(1,))["rows"][0]
    assert whole(row["texts"][0]) == f"[CLS] {rows[1]['text']} [SEP]"
    assert row["learned"] == "whole"
    assert row["label"] == ("travel" if method == "lora" else "")


def test_an_embedding_model_reads_each_text_with_its_prompt_and_says_what_is_cut(bert, tmp_path) -> None:
    run = described("embed", bert, tmp_path, training={"max_length": 8})
    run["objective"]["query_prompt"] = "ask: "
    found = seen(run, tmp_path / "run")
    anchor, positive = found["rows"][0]["texts"]
    assert (anchor["name"], positive["name"]) == ("anchor", "positive")
    assert whole(anchor).startswith("[CLS]")
    assert "what colour" in whole(anchor)
    assert found["totals"]["cut"] == 80


def test_domain_texts_are_joined_and_learned_whole(llama, tmp_path) -> None:
    rows = [{"text": row["completion"]} for row in tiny.talks()]
    found = seen(described("pretrain", llama, tmp_path, rows, {"text": "text"}), tmp_path / "run")
    text = found["rows"][0]["texts"][0]
    assert len(text["ids"]) == 64
    assert text["trained"] == [0] + [1] * 63, "nothing predicts the first token"
    assert whole(text).startswith("it is red.</s>it is green.</s>")
    assert found["totals"]["cut"] == 0


@pytest.mark.parametrize("imitate", ["logits", "text"])
def test_distillation_shows_its_answers_or_a_mark_for_those_that_are_not_written(llama, tmp_path, imitate: str) -> None:
    objective = {**PLAIN, "teacher": str(llama), "imitate": imitate}
    found = seen(described("distill", llama, tmp_path, objective=objective), tmp_path / "run")
    said = learned(found["rows"][0]["texts"][0])
    assert said == ("it is red.</s>" if imitate == "logits" else "…</s>")
    assert any("not written yet" in note for note in found["notes"]) == (imitate == "text")


def test_of_reinforcement_the_prompt_is_shown_and_what_has_no_room_is_told(llama, tmp_path) -> None:
    objective = {**PLAIN, "algorithm": "grpo", "reward": {"function": "builtin:exact_match"}, "max_new_tokens": 8}
    rows = [*tiny.talks(), {"prompt": "long " * 90, "completion": "no"}]
    run = described(
        "reinforce", llama, tmp_path, rows, {"prompt": "prompt", "answer": "completion"}, objective=objective
    )
    found = seen(run, tmp_path / "run")
    (text,) = found["rows"][0]["texts"]
    assert whole(text) == asked(0)
    assert found["rows"][0]["learned"] == "answer"
    assert "1 of 49 rows are left out (1 too_long): dropped.jsonl holds them" in found["notes"]


def test_totals_of_a_part_say_so(llama, tmp_path) -> None:
    totals = seen(described("sft", llama, tmp_path), tmp_path / "run", rows=10)["totals"]
    assert (totals["rows"], totals["rows_counted"], totals["examples"]) == (48, 10, 10)


@pytest.fixture(scope="module")
def project(llama, tmp_path_factory):
    """A folder with a sparse run file."""
    folder = tmp_path_factory.mktemp("project")
    write_rows(folder / "talks.jsonl", [{"prompt": "say\x1b[2J it", "completion": "done [ok]"}, *tiny.talks(30)])
    (folder / "run.yaml").write_text(
        f"goal: sft\nmodel: {{id: {llama}}}\ndata: {{train: talks.jsonl, test: talks.jsonl}}\n"
        "objective: {chat_template: plain}\ntraining: {max_length: 64}\nlaunch: {device: cpu}\n"
    )
    return folder


def test_the_command_shows_a_row_without_colour_and_without_steering_the_terminal(project) -> None:
    done = tunewright("tokens", "run.yaml", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "⟦done [ok]</s>⟧" in done.stdout
    assert "say␛[2J it" in done.stdout
    assert "\x1b" not in done.stdout
    assert "all 31 rows: 31 examples" in done.stdout
    assert "padding: " in done.stdout


def test_a_run_that_trains_nothing_has_no_tokens_to_show(project) -> None:
    said = complaint("tokens", "run.yaml", "--set", "goal=baseline", cwd=project, status=1)
    assert "nothing is trained" in said
