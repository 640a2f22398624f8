"""Learning from a larger model: its probabilities or its text, against hand-worked and library losses."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoModelForCausalLM, TrainingArguments

from engine import document
from engine.problem import Problem
from engine.recipes import distill_logits
from engine.recipes.parts import teacher, teacher_texts, token_trainer
from engine.recipes.parts.distance import kl
from engine.recipes.parts.predictions import predictions
from tests.forge import check_cell, forge, losses, refused, resumed
from tests.tiny import talks, write_rows
from tests.training import curves, values

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distill")]  # its models are taught once


def described(student, master, folder, method="full", rows=None, columns=None, training=None, **objective):
    run = values("distill", method, student, folder, **(training or {}))
    if method == "layers":
        run["method"] = {"kind": "layers", "last": 1}
    if rows is not None:
        run["data"] |= {"train": str(write_rows(folder / "own.jsonl", rows)), "columns": columns}
    run["objective"] |= {"teacher": str(master), "imitate": "logits", **objective}
    return run


def changed(student, results):
    """The base's weights that are different in the saved model, or the file of the adapter."""
    folder = student.__class__(results["model_folder"])
    if (folder / "adapter_model.safetensors").exists():
        return {"adapter"}
    before, after = load_file(student / "model.safetensors"), load_file(folder / "model.safetensors")
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize(
    ("method", "training", "objective"),
    [
        ("full", {}, {}),
        ("lora", {"gradient_checkpointing": True}, {"divergence": "reverse"}),
        ("qlora", {}, {"answer_weight": 0.0}),
        ("layers", {}, {"temperature": 1.0}),
    ],
    ids=["full", "lora-reverse", "qlora-teacher_alone", "layers-as_they_are"],
)
def test_a_student_comes_closer_to_its_teacher(method, training, objective, llama, master, tmp_path):
    _, known = check_cell(described(llama, master, tmp_path, method, training=training, **objective), tmp_path)

    results = known.finished["results"]
    rows = {row["name"]: row for row in results["metrics"]}
    assert list(rows) == ["kl", "eval_loss", "perplexity"]
    assert 0 < rows["kl"]["tuned"] < rows["kl"]["baseline"]
    measured = curves(known)
    assert measured["eval kl"][0] == (0, rows["kl"]["baseline"])
    assert {value for _, value in measured["eval teacher_loss"]} == {results["teacher"]["loss"]}
    assert results["teacher"]["loss"] < rows["eval_loss"]["baseline"]
    assert all(sample["teacher"].startswith("it is") for sample in results["samples"])
    weights = changed(llama, results)
    if method == "full":
        assert len(weights) == len(load_file(llama / "model.safetensors"))
    elif method == "layers":
        assert weights and all(name.startswith(("model.layers.1.", "model.norm", "lm_head")) for name in weights)
    else:
        assert weights == {"adapter"}


def test_texts_are_distilled_whole(llama, master, tmp_path):
    rows = [{"words": f"{row['prompt']} {row['completion']}"} for row in talks()]
    run = described(llama, master, tmp_path, rows=rows, columns={"text": "words"}, training={"accumulate": 2})
    run["objective"]["loss_on"] = "all"
    _, known = check_cell(run, tmp_path)
    assert known.finished["results"]["metrics"][0]["improvement"] > 0


@pytest.fixture
def stranger(tmp_path, master):
    """The teacher with two of its tokens swapped: the same size, another language."""
    folder = tmp_path / "stranger"
    shutil.copytree(master, folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder


def test_a_teacher_with_other_tokens_is_refused_before_any_weights_are_loaded(llama, stranger, tmp_path):
    failed = refused(described(llama, stranger, tmp_path), tmp_path / "runs")
    assert "has another tokenizer ('a'" in failed["message"] or "has another tokenizer ('b'" in failed["message"]
    assert "objective.imitate=text" in failed["message"]
    folder = next((tmp_path / "runs").iterdir())
    assert [
        line for line in (folder / "events.jsonl").read_text().splitlines() if '"phase"' in line and '"model"' in line
    ] == []


def test_what_a_teacher_with_other_tokens_writes_is_learned(llama, stranger, tmp_path):
    rows = [{"ask": row["prompt"]} for row in talks(24)]
    run = described(llama, stranger, tmp_path, rows=rows, columns={"prompt": "ask"}, imitate="text", answer_tokens=6)
    folder, known = check_cell(run, tmp_path)
    results = known.finished["results"]
    assert {row["name"]: row["improvement"] > 0 for row in results["metrics"]} == {
        "eval_loss": True,
        "perplexity": True,
    }
    lines = [json.loads(line) for line in (folder / "output" / "teacher_texts.jsonl").read_text().splitlines()]
    assert {line["prompt"] for line in lines} == {row["ask"] for row in rows}
    assert all(line["answer"] for line in lines)
    written = {line["prompt"]: line["answer"] for line in lines}
    assert [sample["teacher"] for sample in results["samples"]] == [
        written[sample["prompt"]] for sample in results["samples"]
    ]


def test_a_stopped_run_goes_on_as_if_unbroken(llama, master, tmp_path):
    folder, known = forge(described(llama, master, tmp_path), tmp_path / "runs")
    again = resumed(folder, tmp_path / "alone", 4)
    assert again["metrics"] == known.finished["results"]["metrics"]
    told = losses(tmp_path / "alone" / "output")
    assert told == dict(curves(known)["loss"])


@pytest.fixture
def trainer(llama, master, tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "TEACHER", str(master))
    made = distill_logits.Distiller(
        AutoModelForCausalLM.from_pretrained(llama),
        TrainingArguments(str(tmp_path / "out"), use_cpu=True, report_to="none"),
    )
    made.teacher = teacher.load_teacher()
    return made


@pytest.fixture
def batch():
    torch.manual_seed(3)
    labels = torch.randint(5, 200, (3, 12))
    mask = torch.ones_like(labels)
    mask[1, 9:] = 0
    return {
        "input_ids": labels,
        "attention_mask": mask,
        "labels": labels.masked_fill(mask == 0, -100).index_fill(1, torch.arange(4), -100),
    }


@pytest.mark.parametrize("divergence", ["forward", "reverse"])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_is_the_formula_of_the_paper_and_of_the_library(divergence, weight, trainer, batch, monkeypatch):
    from trl.experimental.gkd.gkd_trainer import GKDTrainer

    monkeypatch.setattr(distill_logits, "DIVERGENCE", divergence)
    monkeypatch.setattr(distill_logits, "ANSWER_WEIGHT", weight)
    monkeypatch.setattr(distill_logits, "TEMPERATURE", 3.0)
    loss = float(trainer.compute_loss(trainer.model.train(), batch))

    seen = {name: batch[name] for name in ("input_ids", "attention_mask")}
    student = trainer.model(**batch)
    with torch.no_grad():
        other = trainer.teacher(**seen).logits
    apart = GKDTrainer.generalized_jsd_loss(
        student.logits[:, :-1],
        other[:, :-1],
        batch["labels"][:, 1:],
        beta=0.0 if divergence == "forward" else 1.0,
        temperature=3.0,
    )
    total = 0.0
    for row, column in (batch["labels"][:, 1:] != -100).nonzero().tolist():
        ours = torch.softmax(student.logits[row, column] / 3, -1)
        theirs = torch.softmax(other[row, column] / 3, -1)
        first, second = (theirs, ours) if divergence == "forward" else (ours, theirs)
        total += float((first * (first.log() - second.log())).sum())
    mean = total / int((batch["labels"][:, 1:] != -100).sum())
    assert float(apart) == pytest.approx(mean, abs=1e-6)
    assert loss == pytest.approx(weight * float(student.loss) + (1 - weight) * 9 * mean, abs=1e-5)
    assert loss > 0.1


def test_two_coins_are_as_far_apart_as_by_hand():
    fair, loaded = torch.tensor([[0.0, 0.0]]), torch.tensor([[torch.log(torch.tensor(3.0)), 0.0]])
    by_hand = 0.5 * torch.log(torch.tensor(0.5 / 0.75)) + 0.5 * torch.log(torch.tensor(0.5 / 0.25))
    assert float(kl(fair, loaded, 1.0)) == pytest.approx(float(by_hand), abs=1e-7)
    assert float(kl(loaded, fair, 1.0)) == pytest.approx(0.75 * 0.4054651 - 0.25 * 0.6931472, abs=1e-6)
    assert float(kl(fair, loaded, 1e4)) == pytest.approx(0, abs=1e-7)


def test_a_larger_padded_vocabulary_is_cut_to_the_tokens_of_both(trainer, batch):
    plain = float(trainer.compute_loss(trainer.model.train(), batch))
    trainer.teacher.resize_token_embeddings(480, mean_resizing=False)
    trainer.teacher.lm_head.weight.data[400:] = 100.0
    assert float(trainer.compute_loss(trainer.model.train(), batch)) == pytest.approx(plain, abs=1e-6)


def test_every_learned_token_counts_the_same_however_the_rows_are_batched(llama, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(llama)
    rows = [{"input_ids": list(range(5, 5 + n)), "labels": [-100, *range(6, 5 + n)]} for n in (4, 9, 30, 5, 17)]
    found = []
    for size in (1, 2, 5):
        made = token_trainer.TokenTrainer(
            model,
            TrainingArguments(str(tmp_path), per_device_eval_batch_size=size, use_cpu=True, report_to="none"),
            data_collator=distill_logits.DataCollatorForLanguageModeling(0),
            eval_dataset=rows,
        )
        found.append(made.evaluate()["eval_loss"])
    sums = [
        functional.cross_entropy(
            *predictions(model(torch.tensor([row["input_ids"]])).logits, torch.tensor([row["labels"]])), reduction="sum"
        )
        for row in rows
    ]
    assert found == pytest.approx([float(sum(sums)) / sum(len(row["labels"]) - 1 for row in rows)] * 3, abs=1e-5)


@pytest.mark.parametrize(
    ("imitate", "columns", "message"),
    [
        ("logits", ("prompt",), "objective.imitate=text"),
        ("text", ("text",), "objective.imitate=logits"),
        ("text", ("label",), "do not say what is learned"),
    ],
)
def test_rows_from_which_nothing_can_be_learned_are_refused_cold(imitate, columns, message):
    run = document.check(
        {
            "goal": "distill",
            "model": {"id": "a/b"},
            "data": {"train": "x.jsonl", "columns": {name: name for name in columns}},
            "objective": {"teacher": "a/c", "imitate": imitate},
        }
    )
    with pytest.raises(Problem, match=message):
        run.parts()


def test_no_teacher_is_a_sentence(monkeypatch, bert, tmp_path):
    monkeypatch.setattr(teacher, "TEACHER", str(tmp_path))
    with pytest.raises(ValueError, match=r"objective\.teacher: .* is no model to learn from"):
        teacher.load_teacher_tokenizer()
    monkeypatch.setattr(teacher, "TEACHER", str(bert))
    with pytest.raises(ValueError, match=r"\(bert\) does not continue texts"):
        teacher.load_teacher_tokenizer()


def test_a_cut_group_of_answers_is_asked_again(master, tmp_path, monkeypatch):
    from datasets import Dataset

    monkeypatch.setattr(teacher, "TEACHER", str(master))
    for name, value in {"output": lambda: tmp_path, "BATCH": 4, "ANSWER_TOKENS": 5}.items():
        monkeypatch.setattr(teacher_texts, name, value)
    rows = Dataset.from_list([{"prompt": row["prompt"]} for row in talks(10)])
    whole = teacher_texts.teacher_texts(rows, teacher.load_teacher_tokenizer())
    file = tmp_path / "teacher_texts.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    assert len(whole) == len(lines) == 10
    file.write_text("".join(lines[:6]) + lines[6][:9])
    asked = []
    real = teacher_texts.spoken
    monkeypatch.setattr(teacher_texts, "spoken", lambda *given: asked.append(len(given[2])) or real(*given))
    assert teacher_texts.teacher_texts(rows, teacher.load_teacher_tokenizer()) == whole
    assert asked == [4, 2]
    assert teacher_texts.teacher_texts(rows, teacher.load_teacher_tokenizer()) == whole
    assert asked == [4, 2]


def test_only_the_last_answer_is_the_teachers(monkeypatch):
    from engine.recipes.parts.turns import instruction, messages

    monkeypatch.setattr(teacher_texts, "messages", messages.messages)
    turns = [{"role": role, "content": f"{role} {n}"} for n in range(2) for role in ("user", "assistant")]
    assert teacher_texts.question({"messages": turns}) == turns[:3]
    assert teacher_texts.answered({"messages": turns}, "new")["messages"] == [
        *turns[:3],
        {"role": "assistant", "content": "new"},
    ]
    monkeypatch.setattr(teacher_texts, "messages", instruction.messages)
    row = {"instruction": "add", "input": "1 1", "output": "3"}
    assert teacher_texts.question(row)[0]["content"] == "add\n\n1 1"
    assert teacher_texts.answered(row, "2") == {**row, "output": "2"}
