"""Chains of runs: one begins from the result of another, whatever that result is made of."""

import json
import shutil
from pathlib import Path

import pytest

from engine import document, run_folder
from engine.config import plain
from engine.data import look as look_at_data
from engine.event import EVENTS, Journal
from engine.guide import Facts, recommend
from engine.listing import listing
from engine.machine import look as look_at_machine
from engine.model import look
from engine.problem import Problem
from tests.forge import check_cell, forge, refused
from tests.preferences import choices, described, script_of, sums
from tests.tiny import write_rows
from tests.training import values


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


COLUMNS = {
    "sft": {"prompt": "a", "completion": "b"},
    "prefer": {"prompt": "a", "chosen": "b", "rejected": "c"},
    "reward": {"prompt": "a", "chosen": "b", "rejected": "c"},
}


def made(root, name, goal="sft", *, state="completed", model="config.json"):
    """A run as its folder tells it, without any training."""
    settings = {
        "goal": goal,
        "model": {"id": "a/model", "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": "rows.jsonl", "columns": COLUMNS[goal]},
        "objective": {"chat_template": "own"},
        "training": {"precision": "fp32"},
        "launch": {"device": "cpu"},
        "output": {"name": name},
    }
    folder = run_folder.create(document.check(settings), root)
    journal = Journal(folder / EVENTS)
    if state != "created":
        journal.write("started", host="elsewhere", boot_id="b", pid=1, created=1)
    if state in ("completed", "stopped"):
        journal.write("finished", status=state, results={})
    if state == "failed":
        journal.write("failed", code="error", message="m", advice="a", traceback="")
    journal.close()
    if model:
        (folder / "output" / "model").mkdir()
        (folder / "output" / "model" / model).write_text("{}")
    return folder


def begun(tmp_path, name, root, *assignments, goal="prefer", **sections):
    """What a run file says that begins from a run of this name."""
    data = {"train": "rows.jsonl", "columns": COLUMNS[goal]}
    text = document.dump_values({"goal": goal, "from": name, "data": data, **sections})
    (tmp_path / "next.yaml").write_text(text)
    return document.load(tmp_path / "next.yaml", assignments, root).model


def test_a_run_begins_from_another_by_name_by_path_or_by_what_its_name_begins_with(tmp_path, root, monkeypatch):
    older, newer = made(root, "answers"), made(root, "answers")
    made(root, "answers-long")
    made(root, "answers", state="failed", model="")
    for name, folder in [
        (older.name, older),
        ("answers", newer),
        (str(older), older),
        (f"runs/{newer.name}", newer),
    ]:
        model = begun(tmp_path, name, root)
        assert (model.id, model.origin) == (str(folder / "output" / "model"), folder.name)
    monkeypatch.setenv("TUNEWRIGHT_RUNS", str(root))
    assert begun(tmp_path, "answers", None).origin == newer.name


def test_what_a_run_begins_from_is_written_down_and_shown(tmp_path, root):
    from tui.commands.describe import report, report_lines, run_lines

    first = made(root, "answers")
    begun(tmp_path, "answers", root)
    following = run_folder.create(
        document.load(
            tmp_path / "next.yaml",
            [
                "model.dtype=fp32",
                "model.attention=sdpa",
                "objective.chat_template=own",
                "training.precision=fp32",
                "launch.device=cpu",
            ],
            root,
        ),
        root,
    )
    assert document.read(following / "run.yaml")["model"]["origin"] == first.name
    assert run_folder.load(following).model.id == str(first / "output" / "model")
    assert "from" not in document.read(following / "run.yaml")
    line = next(line for line in listing(root) if line.folder == following)
    assert line.model == f"from {first.name}"
    assert any(f"from {first.name}" in text for text in run_lines(listing(root)))
    assert any(f"from {first.name}" in text for text in report_lines(following))
    assert report(following)["run"]["model"]["origin"] == first.name


def test_a_setting_may_say_from_where_and_replaces_the_model_of_the_file(tmp_path, root):
    first, second = made(root, "one"), made(root, "two")
    text = (first / "run.yaml").read_text()
    (tmp_path / "again.yaml").write_text(text)
    model = document.load(tmp_path / "again.yaml", [f"from={second.name}"], root).model
    assert model.origin == second.name and model.weights == "auto"
    with pytest.raises(Problem, match=r"'from' and 'model\.id' both"):
        begun(tmp_path, "one", root, model={"id": "a/model"})


@pytest.mark.parametrize(
    ("state", "model", "said"),
    [
        ("stopped", "", "is stopped and has no model yet; go on with it: tunewright resume"),
        ("failed", "", "is failed and has no model yet; go on with it: tunewright resume"),
        ("created", "", "is created and has no model yet"),
        ("stopped", "config.json", "is stopped and has no model yet"),
        ("completed", "", "left no model in"),
    ],
)
def test_a_run_without_a_model_is_no_beginning(state, model, said, tmp_path, root):
    made(root, "answers", state=state, model=model)
    with pytest.raises(Problem) as problem:
        begun(tmp_path, "answers", root)
    assert said in problem.value.sentence
    assert "next.yaml:2" in problem.value.where


def test_a_run_that_is_not_there_is_answered_with_the_nearest(tmp_path, root):
    made(root, "answers")
    with pytest.raises(Problem) as problem:
        begun(tmp_path, "answrs", root)
    assert "there is no run 'answrs' to begin from" in problem.value.what
    assert "answers" in problem.value.advice
    with pytest.raises(Problem, match="no run 'x' to begin from"):
        begun(tmp_path, "x", tmp_path / "nowhere")


def test_a_reward_model_is_no_beginning_for_text(tmp_path, root):
    made(root, "judge", "reward")
    with pytest.raises(Problem) as problem:
        begun(tmp_path, "judge", root)
    assert "objective.reward" in problem.value.advice
    assert begun(tmp_path, "judge", root, goal="reward").origin.startswith("judge-")


def adapter(folder: Path, base: Path, kind: str = "LORA", **more) -> Path:
    folder.mkdir()
    description = {"peft_type": kind, "base_model_name_or_path": str(base), "task_type": "CAUSAL_LM", **more}
    (folder / "adapter_config.json").write_text(json.dumps(description))
    shutil.copy(base / "tokenizer_config.json", folder)
    return folder


def test_an_adapter_is_looked_at_as_what_it_changes(llama, tmp_path):
    base, found = look(str(llama)), look(str(adapter(tmp_path / "a", llama)))
    assert (found.adapter, base.adapter) == ("LORA", "")
    assert (found.parameters, found.layers, found.kind) == (base.parameters, base.layers, "causal")
    assert found.id == str(tmp_path / "a")
    chatty = adapter(tmp_path / "b", llama)
    (chatty / "chat_template.jinja").write_text("{{ messages }}")
    assert (base.chat_template, look(str(chatty)).chat_template) == (False, True)


@pytest.mark.parametrize("kind", ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "BOTTLENECK"])
def test_what_cannot_be_merged_is_refused_in_a_sentence(kind, llama, tmp_path):
    with pytest.raises(Problem) as problem:
        look(str(adapter(tmp_path / "a", llama, kind)))
    assert "can't be merged into its base" in problem.value.what
    assert "begin from its base model" in problem.value.advice


def test_an_adapter_whose_base_or_tokenizer_is_missing_is_refused_in_a_sentence(llama, tmp_path):
    with pytest.raises(Problem, match=r"the base model of this adapter, .*gone"):
        gone = adapter(tmp_path / "a", llama, base_model_name_or_path=str(tmp_path / "gone"))
        look(str(gone))
    (tmp_path / "b").mkdir()
    shutil.copy(adapter(tmp_path / "c", llama) / "adapter_config.json", tmp_path / "b")
    with pytest.raises(Problem, match="no tokenizer"):
        look(str(tmp_path / "b"))


@pytest.fixture(scope="module")
def sft(llama, tmp_path_factory):
    """A finished SFT run with LoRA."""
    folder = tmp_path_factory.mktemp("first")
    settings = values("sft", "lora", llama, folder, epochs=1)
    settings["output"]["name"] = "answers"
    trained, _ = forge(settings, folder / "runs")
    return trained


def following(sft, goal, method, tmp_path, name=None, **sections):
    """The complete run, as the guide makes it of a file that begins from `sft` and leaves the rest open."""
    rows = choices()
    sparse = described(goal, method, Path("unused"), tmp_path, rows, **sections)
    sparse["model"] = {"dtype": "fp32", "attention": "sdpa"}
    sparse["objective"].pop("chat_template")
    (tmp_path / "next.yaml").write_text(document.dump_values({"from": name or "answers", **sparse}))
    given = document.load(tmp_path / "next.yaml", (), sft.parent)
    answers = given.model_dump(mode="json", exclude_unset=True)
    facts = Facts(look_at_machine(tmp_path), look(given.model.id), look_at_data(str(tmp_path / "rows.jsonl")))
    return plain(recommend(answers, facts).run)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full", "qlora"])
def test_preferences_are_learned_on_top_of_an_adapter_that_was_merged_once(method, sft, llama, tmp_path):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    settings = following(sft, "prefer", method, tmp_path)
    assert settings["model"]["weights"] == "adapter"
    assert settings["objective"]["chat_template"] == "own"  # the template that the first run taught is kept
    folder, known = check_cell(settings, tmp_path)
    results = known.finished["results"]
    rows = {row["name"]: row for row in results["metrics"]}
    assert rows["eval_loss"]["tuned"] < rows["eval_loss"]["baseline"] == pytest.approx(0.6931, abs=2e-3)

    merged = AutoModelForCausalLM.from_pretrained(folder / "output" / "base").eval()
    apart = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama), sft / "output" / "model").eval()
    asked = torch.arange(3, 40)[None]
    with torch.no_grad():
        assert torch.allclose(merged(asked).logits, apart(asked).logits, atol=1e-4)
        assert not torch.allclose(merged(asked).logits, AutoModelForCausalLM.from_pretrained(llama)(asked).logits)
    if method == "lora":
        saved = json.loads((folder / "output" / "model" / "adapter_config.json").read_text())
        assert saved["base_model_name_or_path"] == str(folder / "output" / "base")
        script = script_of(folder)
        tokenizer = script.load_tokenizer()
        script.set_template(tokenizer)
        test = script.pair_tokens(script.read_pairs()[1], tokenizer)
        tuned = PeftModel.from_pretrained(merged, folder / "output" / "model").eval()
        now = sums(tuned, test["prompt_ids"], test["chosen_ids"])
        with tuned.disable_adapter():
            then = sums(tuned, test["prompt_ids"], test["chosen_ids"])
        assert rows["rewards/chosen"]["tuned"] == pytest.approx(0.1 * float((now - then).mean()), abs=1e-3)


@pytest.mark.slow
def test_a_reward_model_and_then_another_grow_out_of_one_chain(sft, tmp_path):
    from peft import AutoPeftModelForSequenceClassification

    folder, known = check_cell(following(sft, "reward", "lora", tmp_path), tmp_path)
    rows = {row["name"]: row for row in known.finished["results"]["metrics"]}
    assert rows["eval_loss"]["tuned"] < rows["eval_loss"]["baseline"]
    judge = AutoPeftModelForSequenceClassification.from_pretrained(folder / "output" / "model", num_labels=1)
    assert judge.config.num_labels == 1

    again = tmp_path / "again"
    again.mkdir()
    settings = following(sft, "reward", "lora", again, name=str(folder))
    _, further = forge(settings, again / "runs")
    second = {row["name"]: row for row in further.finished["results"]["metrics"]}
    assert second["eval_loss"]["baseline"] == pytest.approx(rows["eval_loss"]["tuned"], abs=1e-3)  # its head came along


@pytest.mark.slow
def test_a_script_by_hand_says_what_cannot_be_merged(sft, tmp_path):
    broken = tmp_path / "prompt"
    shutil.copytree(sft / "output" / "model", broken)
    description = json.loads((broken / "adapter_config.json").read_text())
    (broken / "adapter_config.json").write_text(json.dumps({**description, "peft_type": "PROMPT_TUNING"}))
    settings = described("prefer", "lora", broken, tmp_path, choices())
    settings["model"]["weights"] = "adapter"
    failed = refused(settings, tmp_path / "runs")
    assert "prompt_tuning adapter, which can't be merged" in failed["message"]


def test_a_folder_that_is_no_longer_what_the_run_says_is_refused(llama, tmp_path):
    rows = write_rows(tmp_path / "rows.jsonl", choices())
    answers = {
        "goal": "prefer",
        "model": {"id": str(llama), "weights": "adapter"},
        "data": {"train": str(rows)},
    }
    facts = Facts(look_at_machine(tmp_path), look(str(llama)), look_at_data(str(rows)))
    with pytest.raises(Problem, match=r"model\.weights says adapter, and the folder holds whole weights"):
        recommend(answers, facts)
