"""A teacher before the run: where it lies, whether its tokens are the student's, and what follows from that."""

import json
from pathlib import Path

import pytest

from engine import document, teacher
from engine.config import plain
from engine.data.facts import Column, DataFacts, Lengths, Suit
from engine.draft import leaves
from engine.guide import Facts, Plan, recommend
from engine.model import look
from engine.problem import Problem
from tests.facts import BERT_BASE, LLAMA_7B, QWEN_HALF_B, T4, machine, model

WORDS = {"a": 0, "b": 1, "ab": 2}


def tokenizer(folder: Path, vocabulary: object, added: tuple[tuple[str, int], ...] = ()) -> Path:
    """Write the part of a tokenizer that says which number a token has."""
    content = {
        "model": {"vocab": vocabulary},
        "added_tokens": [{"content": text, "id": number} for text, number in added],
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def student(tmp_path: Path) -> Path:
    model(tmp_path / "student", QWEN_HALF_B, chat=True)
    return tokenizer(tmp_path / "student", WORDS, (("<end>", 3),))


@pytest.fixture
def master(tmp_path: Path) -> Path:
    model(tmp_path / "master", LLAMA_7B)
    return tokenizer(tmp_path / "master", WORDS, (("<end>", 3), ("<more>", 4)))


def rows(*names: str) -> DataFacts:
    columns = tuple(Column(name, "text", 0, 900, 300, 900, ()) for name in names)
    suit = Suit("distill", {name: name for name in names}, "named so")
    return DataFacts(
        "data/asked.jsonl", "jsonl", 1.0, "", 900, columns, (suit,), Lengths(1200, 1100, 2800, 3000, 9000), (), ()
    )


def planned(student: Path, name: object, data: DataFacts | None = None, **objective: object) -> Plan:
    answers = {"goal": "distill", "model": {"id": str(student)}, "objective": {"teacher": str(name), **objective}}
    return recommend(answers, Facts(machine(T4), look(str(student)), data or rows("prompt", "completion")))


def test_a_teacher_with_the_students_tokens_and_more_shows_its_probabilities(student, master):
    assert teacher.same_tokens(student, master)
    plan = planned(student, master)
    assert plan.run.objective.imitate == "logits"
    assert plan.run.recipe() == "distill_logits"
    assert "same tokens" in plan.reasons["objective.imitate"]
    named = {name for name, _ in leaves(plain(plan.run))}
    assert named - plan.reasons.keys() <= {"version", "goal", "model.id", "data.train", "method.kind"}
    assert "auto" not in [value for _, value in leaves(plain(plan.run))]
    assert not any("teacher" in text for text in plan.warnings)


def test_a_teacher_with_other_tokens_writes(student, master):
    tokenizer(master, {"a": 1, "b": 0, "ab": 2}, (("<end>", 3),))
    assert teacher.same_tokens(student, master) is False
    plan = planned(student, master)
    assert plan.run.objective.imitate == "text"
    assert plan.run.recipe() == "distill_text"
    assert not any("other tokens" in text for text in plan.warnings)
    asked = planned(student, master, imitate="logits")
    assert any("other tokens" in text for text in asked.warnings)


def test_a_token_that_the_teacher_lacks_is_another_tokenizer(student, master):
    assert teacher.same_tokens(master, student) is False
    tokenizer(student, [["a", -1.0], ["b", -2.0]])
    tokenizer(master, [["a", -3.0], ["b", -4.0], ["c", -5.0]])
    assert teacher.same_tokens(student, master)
    assert teacher.same_tokens(master, student) is False


def test_prompts_alone_are_answered_by_the_teacher(student, master):
    plan = planned(student, master, rows("prompt"))
    assert plan.run.objective.imitate == "text"
    assert plan.run.parts() == {"chat.tools": "none", "tokens": "chat", "turns": "prompt_completion"}


def test_a_teacher_on_the_hub_is_compared_by_the_run(student):
    plan = planned(student, "some/teacher")
    assert plan.run.objective.imitate == "logits"
    assert "before it loads weights" in plan.reasons["objective.imitate"]
    assert teacher.same_tokens(student, None) is None


def test_a_broken_or_older_tokenizer_is_left_to_the_run(student, master):
    (master / "tokenizer.json").write_text("{")
    assert teacher.same_tokens(student, master) is None
    (master / "tokenizer.json").write_text("{}")
    assert teacher.same_tokens(student, master) is None


def test_a_teacher_that_is_none_is_a_problem(student, tmp_path):
    with pytest.raises(Problem, match="there is no model /nowhere/at/all"):
        planned(student, "/nowhere/at/all")
    encoder = tmp_path / "encoder"
    model(encoder, BERT_BASE)
    with pytest.raises(Problem, match="encoder does not continue texts"):
        planned(student, encoder)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    assert planned(student, adapter).run.objective.teacher == str(adapter)


def test_a_teacher_no_larger_than_its_student_is_remarked(student, tmp_path):
    model(tmp_path / "twin", QWEN_HALF_B)
    assert any("no larger" in text for text in planned(student, tmp_path / "twin").warnings)


def test_a_teacher_is_named_from_the_run_files_own_folder(student, master, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("goal: distill\nmodel: {id: student}\ndata: {train: x.jsonl}\nobjective: {teacher: ./master}\n")
    assert document.load(file).objective.teacher == str(master)
