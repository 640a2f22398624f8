"""The untouched model, measured: equal to what a training finds before it begins, and to figures worked by hand."""

import json

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch.nn import functional
from transformers import AutoModelForCausalLM

from engine import document, listing, run
from engine.problem import Problem
from tests import tiny
from tests.forge import check_cell, forge, refused
from tests.recipes.methods import module_of
from tests.tiny import labelled, pairs, talks, write_rows
from tests.training import create, values, wait

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("loaded_python"),
    pytest.mark.xdist_group("baseline"),
]  # one model is taught for all

ASKED = {"prompt": "prompt", "completion": "completion"}
LABELLED = {"text": "text", "label": "label"}
SEARCHED = {"anchor": "question", "positive": "passage"}


def described(rows, columns, model, folder, kind="causal", **sections):
    """The description of a small measurement."""
    data = write_rows(folder / "rows.jsonl", rows)
    found = {
        "goal": "baseline",
        "model": {"id": str(model), "kind": kind, "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(data), "test_fraction": 0.2, "columns": columns},
        "objective": {"shots": 0, "chat_template": "plain", "max_new_tokens": 8, "samples": 2},
        "training": {"batch": 8, "max_length": 128, "precision": "fp32", "threads": 1},
        "launch": {"device": "cpu"},
        "output": {"name": "baseline"},
    }
    for name, section in sections.items():
        found[name] = {**found[name], **section}
    return found


def figures(known, column="baseline"):
    """The measures of a run by their names."""
    return {row["name"]: row[column] for row in known.finished["results"]["metrics"]}


@pytest.fixture(scope="module")
def taught(llama, tmp_path_factory):
    """A model that has learned its answers by heart, and the run that taught it."""
    folder = tmp_path_factory.mktemp("taught")
    told = values("sft", "full", llama, folder, epochs=24, evaluate_every=72, save_every=72)
    told["data"] |= {"test": told["data"]["train"], "test_fraction": 0.0}
    _, known = forge(told, folder / "runs")
    return known


def answered_exactly(told, model, folder):
    """The share of answers that are met, each written by itself, token by token."""
    module = module_of(told, folder / "script")
    tokenizer = module.load_tokenizer()
    module.ready(tokenizer)
    loaded = AutoModelForCausalLM.from_pretrained(model).eval()
    met = []
    for row in module.read_rows()[1]:
        asked, answer = module.messages(row)
        tokens = module.prompt([asked], None, tokenizer)
        start = len(tokens)
        while len(tokens) < start + 8 and tokens[-1] != tokenizer.eos_token_id:
            with torch.no_grad():
                tokens.append(int(loaded(torch.tensor([tokens])).logits[0, -1].argmax()))
        said = tokenizer.decode(tokens[start:], skip_special_tokens=True).split("\n\n### ")[0].strip()
        met.append(said == answer["content"])
    return sum(met) / len(met)


def test_answers_are_measured_as_a_training_measures_them(taught, llama, tmp_path):
    model = taught.finished["results"]["model_folder"]
    both = {"test": str(tmp_path / "rows.jsonl"), "test_fraction": 0.0}
    (tmp_path / "before").mkdir()
    untaught = described(talks(), ASKED, llama, tmp_path, data=both)
    before, after = figures(taught), figures(taught, "tuned")
    folder, known = check_cell(untaught, tmp_path / "before")
    for name in ("eval_loss", "perplexity"):
        assert figures(known)[name] == pytest.approx(before[name], rel=1e-6)
    assert figures(known)["exact_match"] == 0.0

    (tmp_path / "after").mkdir()
    folder, known = check_cell(described(talks(), ASKED, model, tmp_path, data=both), tmp_path / "after")
    for name in ("eval_loss", "perplexity"):
        assert figures(known)[name] == pytest.approx(after[name], rel=1e-6)
    assert figures(known)["exact_match"] == answered_exactly(untaught, model, tmp_path) > 0.1
    assert figures(known, "tuned") == {"eval_loss": None, "perplexity": None, "exact_match": None}
    assert {name: list(series.steps) for name, series in known.evaluated.items()} == {
        "eval_loss": [0], "perplexity": [0], "exact_match": [0],
    }  # fmt: skip
    assert not list((folder / "output").glob("checkpoint-*"))
    assert run.state(folder, known) == "completed"
    samples = known.finished["results"]["samples"]
    assert samples[0]["prompt"] == talks()[0]["prompt"]
    assert samples[0]["base"].startswith("it is")
    assert samples[0]["tuned"] is None
    line = listing.listing(folder.parent)[0]
    assert (line.goal, line.state) == ("baseline", "completed")
    assert "loss" in line.metric


def test_answers_after_examples_equal_the_hand_worked_loss(taught, tmp_path):
    model = taught.finished["results"]["model_folder"]
    told = described(talks(), ASKED, model, tmp_path, objective={"shots": 2}, training={"batch": 1, "max_length": 256})
    _, known = check_cell(told, tmp_path)
    module = module_of(told, tmp_path / "script")
    module.begin()
    tokenizer, loaded = module.load_tokenizer(), module.load_model().eval()
    module.ready(tokenizer)
    train, test = module.read_rows()
    solved = module.examples(train)
    shown = [turn for row in solved for turn in module.messages(row)]
    for turns, column in (([], "baseline"), (shown, "tuned")):
        losses = []
        for row in test:
            asked, answer = module.messages(row)
            tokens = module.learnable([*turns, asked], answer, None, tokenizer)
            text = tokenizer.decode(tokens["input_ids"])
            assert [example["prompt"] in text for example in solved] == [bool(turns)] * 2
            told_part = tokenizer.decode([label for label in tokens["labels"] if label != -100])
            assert told_part == row["completion"] + tokenizer.eos_token
            labels = torch.tensor(tokens["labels"])[1:]
            with torch.no_grad():
                logits = loaded(torch.tensor([tokens["input_ids"]])).logits[0, :-1]
            losses.append(float(functional.cross_entropy(logits, labels, ignore_index=-100)))
        assert figures(known, column)["eval_loss"] == pytest.approx(sum(losses) / len(losses), abs=1e-5)
    assert known.evaluated["eval_loss"].steps.tolist() == [0, 2]
    assert known.finished["results"]["samples"][0]["tuned"] is not None


def test_examples_stand_behind_what_the_system_says(llama, tmp_path):
    module = module_of(described(talks(), ASKED, llama, tmp_path), tmp_path / "script")
    system, asked = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "why?"}
    shown = [{"role": "user", "content": "one?"}, {"role": "assistant", "content": "two"}]
    assert module.with_examples([system, asked], shown) == [system, *shown, asked]
    assert module.with_examples([asked], shown) == [*shown, asked]


def test_conversations_are_measured_answer_by_answer(llama, tmp_path):
    rows = [
        {
            "talk": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["completion"]},
                {"role": "user", "content": "sure?"},
                {"role": "assistant", "content": "yes."},
            ]
        }
        for row in talks(20)
    ]
    told = described(rows, {"messages": "talk"}, llama, tmp_path, objective={"shots": 1})
    _, known = check_cell(told, tmp_path)
    assert known.finished["results"]["samples"][0]["prompt"] == "sure?"
    teaching = values("sft", "lora", llama, tmp_path, max_steps=1)
    teaching["data"] |= {"train": told["data"]["train"], "columns": {"messages": "talk"}}
    teaching["training"]["max_length"] = 128
    _, trained = forge(teaching, tmp_path / "teaching")
    assert figures(known)["eval_loss"] == pytest.approx(figures(trained)["eval_loss"], rel=1e-6)


def test_an_encoder_decoder_is_measured_as_its_training_measures_it(tmp_path):
    model = tiny.tiny_t5(tmp_path / "t5")
    told = described(talks(), ASKED, model, tmp_path, "seq2seq", objective={"shots": 1})
    _, known = check_cell(told, tmp_path)
    teaching = values("sft", "lora", model, tmp_path, max_steps=1)
    teaching["model"]["kind"] = "seq2seq"
    teaching["training"]["max_length"] = 128
    _, trained = forge(teaching, tmp_path / "teaching")
    assert figures(known)["eval_loss"] == pytest.approx(figures(trained)["eval_loss"], rel=1e-6)
    module = module_of(told, tmp_path / "script")
    tokenizer = module.load_tokenizer()
    turns = module.with_examples([{"role": "user", "content": "colour of door 99?"}], module.messages(talks()[0]))
    text = tokenizer.decode(module.prompt(turns, None, tokenizer))
    assert talks()[0]["prompt"].split()[0] in text
    assert "Assistant" in module.written(turns)


def test_the_class_is_the_likeliest_answer(llama, tmp_path):
    told = described(
        labelled(40), LABELLED, llama, tmp_path, objective={"shots": 3}, training={"batch": 2, "max_length": 400}
    )
    _, known = check_cell(told, tmp_path)
    module = module_of(told, tmp_path / "script")
    module.begin()
    tokenizer, model = module.load_tokenizer(), module.load_model().eval()
    module.set_template(tokenizer)
    names, train, test = module.numbered(*module.read_rows("label"))
    solved = module.examples(train, train["label"])
    assert sorted(solved["label"]) == [0, 1, 2]
    shown = [turn for row in solved for turn in module.solved(row, names)]
    for turns, column in (([], "baseline"), (shown, "tuned")):
        scores = []
        for row in test:
            for name in names:
                talk = [*turns, module.asked(row, names)]
                before = module.render(talk, None, tokenizer, ask=True)
                whole = module.render([*talk, {"role": "assistant", "content": name}], None, tokenizer, ask=False)
                end = len(whole) - whole[::-1].index(tokenizer.eos_token_id)
                assert whole[: len(before)] == before
                with torch.no_grad():
                    likely = model(torch.tensor([whole[:end]])).logits[0].log_softmax(-1)
                places = range(len(before), end)
                scores.append(sum(float(likely[place - 1, whole[place]]) for place in places))
        found = torch.tensor(scores, dtype=torch.float64).reshape(len(test), 3)
        truth = torch.tensor(test["label"])
        measured = figures(known, column)
        assert measured["eval_loss"] == pytest.approx(float(functional.cross_entropy(found, truth)), abs=1e-4)
        assert measured["accuracy"] == float((found.argmax(1) == truth).double().mean())
    table = known.finished["results"]["confusion"]
    assert table["labels"] == names
    assert sum(map(sum, table["after"]["matrix"])) == len(test)


def test_a_long_question_loses_its_beginning_and_never_an_answer(llama, tmp_path):
    rows = [row | {"text": row["text"] * 40} for row in labelled(40)]
    told = described(rows, LABELLED, llama, tmp_path, training={"max_length": 64})
    module = module_of(told, tmp_path / "script")
    tokenizer = module.load_tokenizer()
    module.set_template(tokenizer)
    names = ["home", "nature", "travel"]
    turns = [module.asked({"text": "long " * 400}, names)]
    prompt, answers = module.prompt_and_answers(turns, names, tokenizer)
    assert len(prompt) + max(map(len, answers)) == 64
    assert prompt[0] == tokenizer.bos_token_id
    assert [tokenizer.decode(answer) for answer in answers] == [f"{name}</s>" for name in names]
    assert tokenizer.decode(prompt).endswith("travel?\n\n### Assistant:\n")


def test_a_text_that_looks_like_the_frame_stays_text(llama, tmp_path):
    module = module_of(described(labelled(), LABELLED, llama, tmp_path), tmp_path / "script")
    asked = module.asked({"text": "{classes} {text}", "text_pair": "and this"}, ["a", "b"])
    assert asked["content"].startswith("{classes} {text}\n\nand this\n\n")
    assert asked["content"].endswith("a, b?")


def test_an_encoder_is_asked_for_the_nearest_class(bert, tmp_path):
    rows = [row | {"label": f"{row['label']}_things"} for row in labelled()]
    told = described(rows, LABELLED, bert, tmp_path, "encoder", objective={"shots": 2})
    _, known = check_cell(told, tmp_path)
    module = module_of(told, tmp_path / "script")
    names, train, test = module.numbered(*module.read_rows("label"))
    encoder = SentenceTransformer(str(bert), device="cpu")
    found = functional.normalize(encoder.encode(test["text"], convert_to_tensor=True))
    truth = torch.tensor(test["label"])
    by_name = functional.normalize(encoder.encode([name.replace("_", " ") for name in names], convert_to_tensor=True))
    said = (found @ by_name.T).argmax(1)
    assert figures(known)["accuracy"] == float((said == truth).double().mean())
    chosen = module.drawn(train, 3)
    assert [[train["label"][place] for place in own] for own in chosen] == [[0, 0], [1, 1], [2, 2]]
    means = [
        functional.normalize(encoder.encode([train["text"][place] for place in own], convert_to_tensor=True)).mean(0)
        for own in chosen
    ]
    said = (found @ functional.normalize(torch.stack(means)).T).argmax(1)
    assert figures(known, "tuned")["accuracy"] == float((said == truth).double().mean())


def test_a_search_is_measured_as_its_training_measures_it(bert, tmp_path):
    told = described(pairs(), SEARCHED, bert, tmp_path, "encoder", training={"max_length": 64})
    folder, known = check_cell(told, tmp_path)
    teaching = values("embed", "lora", bert, tmp_path, max_steps=1)
    teaching["objective"]["matryoshka"] = [64, 32, 16]
    _, trained = forge(teaching, tmp_path / "teaching")
    before = figures(trained)
    assert {"dim_64_cosine_ndcg@10", "dim_32_cosine_ndcg@10", "dim_16_cosine_ndcg@10"} <= figures(known).keys()
    for name, value in figures(known).items():
        assert value == pytest.approx(before[name], abs=1e-6)
    assert listing.listing(folder.parent)[0].metric.startswith("nDCG@10")


def test_a_stopped_measurement_begins_again(bert, tmp_path):
    folder = create(described(pairs(), SEARCHED, bert, tmp_path, "encoder"), tmp_path / "runs")
    run.launch(folder)
    wait(folder, until=lambda known: bool(known.phase))
    run.stop(folder)
    stopped = wait(folder)
    if stopped.finished["status"] == "completed":  # it was faster than the request
        return
    assert run.state(folder, stopped) == "stopped"
    assert not (folder / "output" / "results.json").exists()
    run.resume(folder)
    resumed = wait(folder)
    assert resumed.finished["status"] == "completed"
    assert json.loads((folder / "output" / "results.json").read_text()) == resumed.finished["results"]


def test_more_examples_than_rows_are_refused(llama, tmp_path):
    failed = refused(described(talks(8), ASKED, llama, tmp_path, objective={"shots": 9}), tmp_path / "runs")
    assert "9 examples are asked for, of 6 training rows" in failed["message"]
    assert "load_model" not in failed["traceback"]


@pytest.mark.parametrize(
    ("columns", "kind", "objective", "message"),
    [
        (SEARCHED, "encoder", {"shots": 2}, "a search takes no examples"),
        (ASKED, "encoder", {}, "reads texts and cannot answer"),
        (LABELLED, "seq2seq", {}, "for the class of a text take a causal model"),
        (LABELLED, "causal", {"question": "which one?"}, r"must have \{text\} in it"),
    ],
)
def test_what_cannot_be_asked_is_refused(columns, kind, objective, message, llama, tmp_path):
    with pytest.raises(Problem, match=message):
        document.check(described(talks(), columns, llama, tmp_path, kind, objective=objective))


def test_plain_texts_ask_for_nothing(llama, tmp_path):
    told = document.check(described(talks(), {"text": "prompt"}, llama, tmp_path))
    with pytest.raises(Problem, match="plain texts ask for no answer"):
        told.parts()
