"""The guards against forgetting: their numbers by hand, their rows by count, and what each of them keeps."""

import itertools
import json
import math
import random
import types

import pytest
import torch
from datasets import Dataset
from torch import nn
from torch.nn import functional
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

from engine import document
from engine.problem import Problem
from engine.recipes.parts import holding, keep_set, kept, kept_tensors
from engine.recipes.parts.keep import sampled
from engine.recipes.parts.replay import mixed
from engine.recipes.parts.retention import distill, ewc, si
from tests.forge import check_cell, forge, losses, refused, resumed
from tests.tiny import COLOURS, THINGS, labelled, talks, write_rows
from tests.training import curves, values

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("retention")]  # its models are taught once


class Coin(nn.Module):
    """Two weights and nothing else: the logits of two classes are x * first and second."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(-0.375))

    def forward(self, x, labels=None):
        logits = torch.stack([x * self.first, self.second.expand(len(x))], dim=1)
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return types.SimpleNamespace(logits=logits, loss=loss) if labels is None else {"loss": loss, "logits": logits}


ROWS = [{"x": 1.0, "labels": 0}, {"x": -2.0, "labels": 1}, {"x": 0.5, "labels": 1}]


def collate(rows):
    return {name: torch.tensor([row[name] for row in rows]) for name in ROWS[0]}


def said(model, batch):
    return model(batch["x"]).logits, batch["labels"]


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """A trainer of the two weights under a guard, with its rows to be kept, just before its first step."""

    def make(part, **more):
        for module in (part, kept_tensors):
            for name, value in {"scored": said, "output": lambda: tmp_path}.items():
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, value)
        told = TrainingArguments(
            str(tmp_path), use_cpu=True, report_to="none", remove_unused_columns=False, disable_tqdm=True, **more
        )
        trainer = part.guard(Trainer)(Coin(), told, data_collator=collate, train_dataset=ROWS)
        trainer.held = Dataset.from_list(ROWS)
        return trainer

    return make


def begin(trainer):
    """What `train` does before the first step."""
    trainer.start = {name: weight.detach().clone() for name, weight in trainer.trained().items()}
    trainer.told = []
    trainer.prepare()


def probability(x, first=0.5, second=-0.375):
    """Of the first class."""
    return math.exp(x * first) / (math.exp(x * first) + math.exp(second))


def test_the_fisher_information_and_its_penalty_are_those_of_the_paper(guarded):
    trainer = guarded(ewc)
    begin(trainer)
    # The gradient of -log p by the first logit is p - [label is the first class], by the second its opposite.
    wrong = [probability(row["x"]) - (row["labels"] == 0) for row in ROWS]
    by_hand = {
        "first": sum((gap * row["x"]) ** 2 for gap, row in zip(wrong, ROWS, strict=True)) / 3,
        "second": sum(gap**2 for gap in wrong) / 3,
    }
    assert {name: float(found) for name, found in trainer.importance.items()} == pytest.approx(by_hand, abs=1e-7)

    assert float(trainer.penalty(trainer.model)) == 0
    trainer.model.first.data += 0.3
    trainer.model.second.data -= 0.2
    extra = 100.0 / 2 * (by_hand["first"] * 0.09 + by_hand["second"] * 0.04)
    assert float(trainer.penalty(trainer.model)) == pytest.approx(extra, abs=1e-6)


def test_a_path_of_adam_gives_the_importance_by_hand_and_is_taken_back(guarded, monkeypatch):
    monkeypatch.setattr(si, "LEARNING_RATE", 0.1)
    trainer = guarded(si, per_device_train_batch_size=2)
    begin(trainer)
    weights = {"first": 0.5, "second": -0.375}
    assert {name: float(weight) for name, weight in trainer.model.named_parameters()} == weights

    first, second = dict.fromkeys(weights, 0.0), dict.fromkeys(weights, 0.0)
    path, at = dict.fromkeys(weights, 0.0), dict(weights)
    for step, rows in enumerate((ROWS[:2], ROWS[2:]), start=1):
        wrong = [probability(row["x"], **at) - (row["labels"] == 0) for row in rows]
        gradient = {
            "first": sum(gap * row["x"] for gap, row in zip(wrong, rows, strict=True)) / len(rows),
            "second": -sum(wrong) / len(rows),
        }
        for name, slope in gradient.items():
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            move = -0.1 * first[name] / (1 - 0.9**step) / (math.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            path[name] -= slope * move
            at[name] += move
    moved = {name: (at[name] - weights[name]) ** 2 for name in weights}
    damping = 0.1 * sum(moved.values()) / 2
    by_hand = {name: max(path[name], 0.0) / (moved[name] + damping) for name in weights}
    assert {name: float(found) for name, found in trainer.importance.items()} == pytest.approx(by_hand, abs=1e-5)
    assert max(by_hand.values()) > 0

    trainer.model.first.data += 0.3
    assert float(trainer.penalty(trainer.model)) == pytest.approx(by_hand["first"] * 0.09, abs=1e-6)


def test_what_is_kept_by_distillation_is_the_divergence_by_hand(guarded, monkeypatch):
    monkeypatch.setattr(distill, "KEEP_BATCH", 2)
    monkeypatch.setattr(distill, "KEEP_STRENGTH", 3.0)
    trainer = guarded(distill, gradient_accumulation_steps=2)
    begin(trainer)
    assert float(trainer.penalty(trainer.model)) == pytest.approx(0, abs=1e-7)
    trainer.model.first.data += 0.3
    taken, extra = [], []
    for step, turn in ((0, 1), (1, 0), (1, 1), (2, 0)):
        trainer.state.global_step = step
        rows = trainer.next_rows()
        taken.append([row["x"] for row in rows])
        trainer.turn -= 1
        extra.append(float(trainer.penalty(trainer.model).detach()))
        assert trainer.turn == turn
    apart = {
        row["x"]: sum(
            one * math.log(one / other)
            for one, other in (
                (probability(row["x"]), probability(row["x"], 0.8)),
                (1 - probability(row["x"]), 1 - probability(row["x"], 0.8)),
            )
        )
        for row in ROWS
    }
    assert taken == [[0.5, 1.0], [-2.0, 0.5], [1.0, -2.0], [0.5, 1.0]]
    assert extra == pytest.approx([3.0 * sum(apart[x] for x in xs) / 2 for xs in taken], abs=1e-6)
    assert float(trainer.model.first) == pytest.approx(0.8)
    assert float(trainer.start["first"]) == 0.5


def test_the_penalty_is_added_once_to_a_step_however_it_is_accumulated(guarded):
    """One step over three rows at once, and over the same three rows in three batches."""
    found = []
    for size in (3, 1):
        trainer = guarded(
            ewc, max_steps=1, per_device_train_batch_size=size, gradient_accumulation_steps=3 // size,
            optim="sgd", learning_rate=0.5, lr_scheduler_type="constant", save_strategy="no", max_grad_norm=1e9,
        )  # fmt: skip
        begin(trainer)
        trainer.model.first.data += 0.3
        start, importance = trainer.start, trainer.importance
        trainer.prepare = lambda made=trainer, old=start, known=importance: made.__dict__.update(
            start=old, importance=known
        )
        trainer.train()
        logged = next(entry for entry in trainer.state.log_history if "train_loss" in entry or "loss" in entry)
        assert logged
        found.append([float(weight) for weight in trainer.model.parameters()])
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert found[0] != pytest.approx([0.8, -0.375], abs=1e-3)


def test_noise_is_off_while_what_matters_is_measured_but_memory_is_saved():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2))
    model[1].gradient_checkpointing = True
    holding.still(model.train())
    assert not model[0].training
    assert model[1].training


def rows_of(count, first=0):
    return Dataset.from_list([{"input_ids": [first + n, 1], "labels": [-100, 1]} for n in range(count)])


@pytest.mark.parametrize(("share", "count"), [(0.2, 10), (0.5, 40), (0.75, 120)])
def test_the_share_of_replayed_rows_is_exact_and_every_old_row_has_its_turn(share, count, monkeypatch):
    monkeypatch.setattr(mixed, "SHARE", share)
    found = mixed.replayed(rows_of(40), rows_of(12, first=1000))
    old = [row["input_ids"][0] for row in found if row["input_ids"][0] >= 1000]
    assert len(found) == 40 + count
    assert len(old) == count
    seen = {number: old.count(number) for number in range(1000, 1012)}
    assert max(seen.values()) - min(seen.values()) <= 1
    assert mixed.replayed(rows_of(40), rows_of(12, first=1000))["input_ids"] == found["input_ids"]


def test_what_is_measured_is_never_trained_on(monkeypatch):
    monkeypatch.setattr(kept, "KEEP_ROWS", 20)
    made = keep_set.KeepSet()
    made.part(rows_of(50))
    measured, held = ({row["input_ids"][0] for row in part} for part in (made.measured, made.held))
    assert (len(measured), len(held)) == (5, 15)
    assert not measured & held
    again = keep_set.KeepSet()
    again.part(rows_of(50))
    assert {row["input_ids"][0] for row in again.measured} == measured
    with pytest.raises(ValueError, match=r"data\.keep: 1 rows are too few"):
        again.part(rows_of(1))


def test_the_models_own_texts_are_drawn_the_same_and_change_no_other_random_number(llama, monkeypatch):
    monkeypatch.setattr(sampled, "KEEP_ROWS", 6)
    monkeypatch.setattr(sampled, "BATCH", 4)
    monkeypatch.setattr(sampled, "row_length", lambda: 9)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(llama), AutoTokenizer.from_pretrained(llama)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    texts = sampled.drawn_texts(model, tokenizer)
    assert torch.equal(torch.rand(3), expected)
    assert sampled.drawn_texts(model, tokenizer) == texts
    assert len(texts) == 6
    assert len({tuple(text) for text in texts}) > 1
    assert all(text[0] == tokenizer.bos_token_id and 2 < len(text) <= 9 for text in texts)
    assert sampled.until_end([2, 5, 6, 2, 0, 0], 2) == [2, 5, 6, 2]


CHANCE = random.Random(5)
OLD = [
    " ".join(
        f"once the {CHANCE.choice(THINGS)} met a {CHANCE.choice(COLOURS)} {CHANCE.choice(THINGS)}." for _ in range(2)
    )
    for _ in range(64)
]
"""Sentences of which a model can know the form and never the words: something is left to be uncertain about."""


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Many threads of a loaded machine wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def narrator(tmp_path_factory):
    """A tiny model that knows one kind of sentence: something to forget."""
    from engine.worker.tiny_model import make_language_model

    folder = tmp_path_factory.mktemp("narrator")
    make_language_model([*OLD, *(text for row in talks() for text in row.values())], folder, width=64, vocabulary=400)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    batch = tokenizer([f"{text}</s>" for text in OLD], return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(80):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.9
    model.save_pretrained(folder)
    return folder


def described(model, folder, kind, keep=True, method="lora", epochs=2, **retention):
    run = values("sft", method, model, folder, epochs=epochs)
    if keep:
        run["data"]["keep"] = str(write_rows(folder / "old.jsonl", [{"text": text} for text in OLD]))
    run["data"]["keep_rows"] = 48
    run["retention"] = {"kind": kind, **retention}
    return run


def kept_of(known):
    """What became of the rows to be kept, and of the task: before and after."""
    rows = {row["name"]: row for row in known.finished["results"]["metrics"]}
    return rows["keep_loss"], rows["eval_loss"]


@pytest.fixture(scope="session")
def unguarded(narrator, tmp_path_factory):
    """What is forgotten without a guard."""
    folder = tmp_path_factory.mktemp("unguarded")
    _, known = check_cell(described(narrator, folder, "none", method="full", epochs=3), folder)
    assert {"keep_loss", "keep_perplexity"} <= known.evaluated.keys()
    return known


GUARDS = {"replay": {"share": 0.5}, "ewc": {"strength": 1e4}, "si": {}, "distill": {}}


@pytest.mark.parametrize("kind", GUARDS)
def test_a_guard_forgets_less_than_none_and_still_learns(kind, narrator, unguarded, tmp_path):
    _, known = check_cell(described(narrator, tmp_path, kind, method="full", epochs=3, **GUARDS[kind]), tmp_path)
    (old, task), (free, _) = kept_of(known), kept_of(unguarded)
    assert old["baseline"] == free["baseline"]
    risen, without = old["tuned"] - old["baseline"], free["tuned"] - free["baseline"]
    assert without > 0.5, without
    assert risen < 0.8 * without, (risen, without)
    assert task["tuned"] < 0.9 * task["baseline"]
    measured = curves(known)
    assert [step for step, _ in measured["eval keep_loss"]] == [step for step, _ in measured["eval eval_loss"]]
    assert measured["eval keep_loss"][0] == (0, old["baseline"])
    assert ("penalty" in measured) == (kind != "replay")
    if kind != "replay":
        first, later = measured["penalty"][0][1], measured["penalty"][-1][1]
        assert abs(first) < 1e-6 < later


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("ewc", "full"),
        ("si", "layers"),
        ("distill", "full"),
        ("ewc", "qlora"),
        ("distill", "prompt"),
        ("distill", "lora8"),
    ],
)
def test_every_guard_goes_with_every_kind_of_weights(kind, method, narrator, tmp_path):
    run = described(narrator, tmp_path, kind, keep=method != "prompt", method=method)
    if method in ("layers", "prompt"):
        run["method"] = {"kind": method, **({"last": 1} if method == "layers" else {"tokens": 4})}
    run["training"] |= {"epochs": 1, "accumulate": 2}
    _, known = check_cell(run, tmp_path)
    old, _ = kept_of(known)
    assert old["tuned"] != old["baseline"]
    assert curves(known)["penalty"][-1][1] > 0


@pytest.mark.parametrize("kind", ["ewc", "si", "distill"])
def test_a_stopped_run_goes_on_as_if_unbroken(kind, narrator, tmp_path):
    folder, known = forge(described(narrator, tmp_path, kind, keep=False), tmp_path / "runs")
    file = {"ewc": "fisher.safetensors", "si": "importance.safetensors", "distill": "keep_rows.json"}[kind]
    assert (folder / "output" / file).exists()
    again = resumed(folder, tmp_path / "alone", 4)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert losses(tmp_path / "alone" / "output") == dict(curves(known)["loss"])


def test_rows_of_the_goal_can_be_kept_too(narrator, tmp_path):
    run = described(narrator, tmp_path, "none")
    rows = [{"prompt": f"where is the {thing}?", "completion": "it was lost."} for thing in THINGS]
    run["data"]["keep"] = str(write_rows(tmp_path / "old.jsonl", rows))
    _, known = forge(run, tmp_path / "runs")
    assert kept_of(known)[0]["baseline"] > 0


def test_a_keep_set_without_any_text_is_refused_before_any_weights_are_loaded(narrator, tmp_path):
    run = described(narrator, tmp_path, "ewc")
    run["data"]["keep"] = str(write_rows(tmp_path / "numbers.jsonl", [{"a": "x", "b": "y"}] * 9))
    failed = refused(run, tmp_path / "runs")
    assert "has neither the columns of this run's rows nor a column 'text' (it has a, b)" in failed["message"]
    events = next((tmp_path / "runs").iterdir()) / "events.jsonl"
    names = [event["name"] for event in map(json.loads, events.read_text().splitlines()) if event["type"] == "phase"]
    assert "model" not in names


def test_a_model_that_cannot_write_by_itself_needs_rows_to_keep():
    run = document.check(
        {
            "goal": "sft",
            "model": {"id": "a/b", "kind": "seq2seq"},
            "data": {"train": "x.jsonl", "columns": {"prompt": "q", "completion": "a"}},
            "retention": {"kind": "replay"},
        }
    )
    with pytest.raises(Problem, match=r"set data\.keep"):
        run.parts()


CLASSES = sorted({row["label"] for row in labelled()})
OTHERS = [
    {"text": f"{what} colour {colour} {what}", "label": CLASSES[place % len(CLASSES)]}
    for what, (place, colour) in itertools.product(("what", "has", "number", "is", "the"), enumerate(COLOURS))
]
"""Other texts with the same classes, told by their colours."""


@pytest.fixture(scope="session")
def sorter(bert, tmp_path_factory):
    """A tiny classifier that tells the classes of other texts."""
    folder, tokenizer = tmp_path_factory.mktemp("sorter"), AutoTokenizer.from_pretrained(bert)
    names = dict(enumerate(CLASSES))
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        bert, num_labels=len(names), id2label=names, label2id={name: place for place, name in names.items()}
    )
    batch = tokenizer([row["text"] for row in OTHERS], return_tensors="pt", padding=True)
    wanted = torch.tensor([CLASSES.index(row["label"]) for row in OTHERS])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(45):
        loss = functional.cross_entropy(model(**batch).logits, wanted)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.6, loss
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sorting(model, folder, kind, keep, **retention):
    """A short run that learns other classes for other words, fast enough to spoil what was known."""
    turned = [{**row, "label": CLASSES[CLASSES.index(row["label"]) - 1]} for row in labelled()]
    run = values("sft", "full", model, folder, learning_rate=3e-3, epochs=3)
    run |= {"goal": "classify", "objective": {"samples": 1}, "retention": {"kind": kind, **retention}}
    run["data"] = {
        "train": str(write_rows(folder / "rows.jsonl", turned)),
        "test_fraction": 0.2,
        "columns": {"text": "text", "label": "label"},
        "keep": str(write_rows(folder / "others.jsonl", keep)),
    }
    return run


TEXTS = [{"text": row["text"]} for row in OTHERS]


def risen(known):
    """How much the loss on the kept rows has risen by the last step, whichever checkpoint was the best."""
    series = list(known.evaluated["keep_loss"].values)
    return series[-1] - series[0]


@pytest.fixture(scope="session")
def unheld(sorter, tmp_path_factory):
    """What a classifier forgets without a guard."""
    folder = tmp_path_factory.mktemp("unheld")
    trained, known = check_cell(sorting(sorter, folder, "none", TEXTS), folder)
    rows = {row["name"]: row for row in known.finished["results"]["metrics"]}
    assert rows["keep_accuracy"]["baseline"] == 1.0  # it agrees with itself
    assert len(set(json.loads((trained / "output" / "keep_classes.json").read_text()))) > 1
    assert risen(known) > 0.1
    return known


@pytest.mark.parametrize(
    ("kind", "more"), [("replay", {"share": 0.6}), ("ewc", {"strength": 1e6}), ("si", {}), ("distill", {})]
)
def test_a_classifier_is_held_to_what_it_says_of_texts_without_classes(kind, more, sorter, unheld, tmp_path):
    _, known = check_cell(sorting(sorter, tmp_path, kind, TEXTS, **more), tmp_path)
    assert {"keep_loss", "keep_accuracy"} <= known.evaluated.keys()
    assert risen(known) < 0.7 * risen(unheld), (risen(known), risen(unheld))
    if kind != "replay":
        assert curves(known)["penalty"][-1][1] > 0


def test_the_classes_that_are_given_are_what_is_kept(sorter, tmp_path):
    wrong = [{**row, "label": CLASSES[CLASSES.index(row["label"]) - 1]} for row in OTHERS]
    _, known = forge(sorting(sorter, tmp_path, "replay", wrong), tmp_path / "runs")
    rows = {row["name"]: row for row in known.finished["results"]["metrics"]}
    assert rows["keep_accuracy"]["baseline"] < 0.5  # the classifier does not agree with these


@pytest.mark.parametrize(
    ("kind", "keep", "message"),
    [
        ("ewc", OTHERS, "retention.kind: this guard holds what the model says of the kept rows"),
        ("none", TEXTS, "has no classes of its own"),
        ("replay", [{"text": "x", "label": "strange"}, *OTHERS], "no training row has the class 'strange'"),
    ],
)
def test_a_head_that_knows_nothing_yet_has_nothing_to_keep(kind, keep, message, bert, tmp_path):
    failed = refused(sorting(bert, tmp_path, kind, keep), tmp_path / "runs")
    assert message in failed["message"]
    events = next((tmp_path / "runs").iterdir()) / "events.jsonl"
    names = [event["name"] for event in map(json.loads, events.read_text().splitlines()) if event["type"] == "phase"]
    assert "model" not in names


@pytest.mark.parametrize("given", [{"retention": {"kind": "ewc"}}, {"data": {"keep": "old.txt"}}])
def test_a_head_on_frozen_features_forgets_nothing(given):
    described = {
        "goal": "classify",
        "model": {"id": "a/b"},
        "data": {"train": "x.jsonl", "columns": {"text": "t", "label": "l"}, **given.get("data", {})},
        "method": {"kind": "head"},
        "retention": given.get("retention", {"kind": "none"}),
    }
    with pytest.raises(Problem, match="forgets nothing"):
        document.check(described).parts()
    described["method"] = {"kind": "lora"}
    if "data" in given:
        assert document.check(described).parts()["class_keep"] == "rows"
    else:
        with pytest.raises(Problem, match=r"set data\.keep"):
            document.check(described).parts()


def test_pairs_of_texts_are_kept_too(t5, tmp_path):
    run = values("sft", "lora", t5, tmp_path)
    run["model"]["kind"] = "seq2seq"
    old = [{"prompt": f"where is the {thing}?", "completion": "it was lost."} for thing in THINGS]
    run["data"]["keep"] = str(write_rows(tmp_path / "old.jsonl", old))
    run["retention"] = {"kind": "distill"}
    _, known = check_cell(run, tmp_path)
    assert kept_of(known)[0]["baseline"] > 0
    assert curves(known)["penalty"][-1][1] > 0


def test_a_model_that_reads_on_is_held_to_what_it_writes_by_itself(narrator, tmp_path):
    run = values("sft", "full", narrator, tmp_path)
    (tmp_path / "texts.txt").write_text("\n".join(f"{row['prompt']} {row['completion']}" for row in talks(200)))
    run |= {"goal": "pretrain", "objective": {"samples": 1, "max_new_tokens": 4}, "retention": {"kind": "ewc"}}
    run["data"] = {"train": str(tmp_path / "texts.txt"), "columns": {"text": "text"}, "keep_rows": 24}
    folder, known = check_cell(run, tmp_path)
    assert len(json.loads((folder / "output" / "keep_rows.json").read_text())) == 24
    assert kept_of(known)[0]["baseline"] < 2  # its own texts are no surprise to it
    assert curves(known)["penalty"][-1][1] > 0
