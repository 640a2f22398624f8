"""Classification: every method is trained, loaded by the library, and gives what was reported."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.forge import check_cell, forge, refused, rerun
from tests.recipes.methods import module_of
from tests.tiny import labelled, write_rows

pytestmark = pytest.mark.slow

METHODS = {
    "full": {},
    "lora": {"rank": 4, "alpha": 8},
    "qlora": {"rank": 4, "alpha": 8},
    "lora8": {"rank": 4, "alpha": 8},
    "ia3": {},
    "prompt": {"tokens": 4},
    "bottleneck": {"size": 8},
    "layers": {"last": 1},
}
RATES = {"full": 1e-3, "layers": 2e-3, "lora": 1e-2, "qlora": 1e-2, "lora8": 1e-2, "bottleneck": 1e-2}


def described(kind, model, folder, rows=None, **sections):
    """The description of a small run."""
    data = write_rows(folder / "rows.jsonl", labelled() if rows is None else rows)
    values = {
        "goal": "classify",
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(data), "test_fraction": 0.2, "columns": {"text": "text", "label": "label"}},
        "method": {"kind": kind, **METHODS.get(kind, {})},
        "objective": {"samples": 2},
        "training": {
            "epochs": 1,
            "batch": 8,
            "learning_rate": RATES.get(kind, 3e-2),
            "max_length": 64,
            "precision": "fp32",
            "threads": 1,
            "evaluate_every": 3,
            "save_every": 3,
        },
        "launch": {"device": "cpu"},
        "output": {"name": f"classify-{kind}"},
    }
    for name, section in sections.items():
        values[name] = {**values[name], **section}
    return values


@pytest.fixture
def model(request, kind_of_model):
    return request.getfixturevalue(kind_of_model)


def rows_of(module):
    """The test rows and the names of their classes, as the script reads them."""
    known = module.known_classes() if hasattr(module, "known_classes") else []
    names, _, test = module.numbered(*module.read_rows("label"), known)
    return names, test


def logits_of(model, module, test, tokenizer):
    """The logits of the test rows, one by one, so that there is no padding."""
    tokens = module.tokenize_texts(test, tokenizer)
    found = []
    for row in tokens:
        given = {name: torch.tensor([values]) for name, values in row.items() if name != "labels"}
        with torch.no_grad():
            found.append(model.eval()(**given).logits[0].float())
    return torch.stack(found)


def check_figures(logits, test, results):
    """The reported loss, table, accuracy and macro F1 follow from these logits."""
    truth = torch.tensor(test["label"])
    tuned = {row["name"]: row["tuned"] for row in results["metrics"]}
    assert float(torch.nn.functional.cross_entropy(logits, truth)) == pytest.approx(tuned["eval_loss"], abs=1e-4)
    said = logits.argmax(1)
    assert tuned["accuracy"] == pytest.approx(float((said == truth).double().mean()))
    matrix = [[int(((truth == a) & (said == b)).sum()) for b in range(3)] for a in range(3)]
    assert results["confusion"]["after"]["matrix"] == matrix
    scores = []
    for name in range(3):
        true, told, right = int((truth == name).sum()), int((said == name).sum()), matrix[name][name]
        if true + told:
            scores.append(2 * right / (true + told))
    assert tuned["macro_f1"] == pytest.approx(sum(scores) / len(scores))


def body(name):
    """Whether a weight lies below the last block."""
    return any(part in name for part in ("embeddings", "embed_tokens", "layer.0.", "layers.0."))


@pytest.mark.parametrize("kind_of_model", ["bert", "llama"])
@pytest.mark.parametrize("kind", METHODS)
def test_a_classifier(kind, kind_of_model, model, tmp_path):
    values = described(kind, model, tmp_path)
    folder, known = check_cell(values, tmp_path)
    results = known.finished["results"]
    saved = folder / "output" / "model"
    first = {name: series.values[0] for name, series in known.evaluated.items()}
    assert first["eval_loss"] == pytest.approx(
        next(r for r in results["metrics"] if r["name"] == "eval_loss")["baseline"]
    )

    module = module_of(values, tmp_path / "script")
    module.begin()
    names, test = rows_of(module)
    assert names == results["confusion"]["labels"] == json.loads((saved / "classes.json").read_text())
    untrained = module.adapt(module.load_classifier(**module.head(names)), "SEQ_CLS")
    tokenizer = module.load_reader()
    module.agree(untrained, tokenizer)
    before = logits_of(untrained, module, test, tokenizer)
    loss = float(torch.nn.functional.cross_entropy(before, torch.tensor(test["label"])))
    assert loss == pytest.approx(first["eval_loss"], abs=1e-4)

    started = {name: weight.clone() for name, weight in module.saved_weights(untrained).items()}
    if isinstance(untrained, PeftModel):
        base = module.load_classifier(**module.head(names))
        trained = PeftModel.from_pretrained(base, saved)
    else:
        trained = AutoModelForSequenceClassification.from_pretrained(saved)
        assert trained.config.id2label == dict(enumerate(names))
    module.agree(trained, tokenizer)
    check_figures(logits_of(trained, module, test, tokenizer), test, results)
    check_moves(kind, started, module.saved_weights(trained), results)


def check_moves(kind, started, ended, results):
    """Only what the method opens has moved, and all of that."""
    assert started.keys() == ended.keys()
    moved = {name for name in started if not torch.equal(started[name], ended[name])}
    still = started.keys() - moved
    assert any("classifier" in name or "score" in name for name in moved)
    if kind == "layers":
        assert moved == {name for name in started if not body(name)}
    elif kind == "full":
        assert not {name for name in still if "key.bias" not in name}
    else:
        assert not still
        assert results["trainable"] == sum(weight.numel() for weight in started.values())
        assert results["trainable"] < 0.15 * results["parameters"]


@pytest.mark.parametrize("kind_of_model", ["bert", "llama"])
@pytest.mark.parametrize("hidden", [0, 8])
def test_a_head_on_frozen_features(hidden, kind_of_model, model, tmp_path):
    values = described("head", model, tmp_path, method={"hidden": hidden}, training={"epochs": 4})
    _, known = check_cell(values, tmp_path)
    results = known.finished["results"]
    losses = list(known.metrics["loss"].values)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    whole = SentenceTransformer(results["model_folder"], device="cpu")
    base = SentenceTransformer(str(model), device="cpu")
    wide = base.get_embedding_dimension()
    sizes = [wide * hidden + hidden, hidden * 3 + 3] if hidden else [wide * 3 + 3]
    assert results["trainable"] == sum(sizes)
    assert results["parameters"] == sum(sizes) + sum(weight.numel() for weight in base.parameters())
    for name, weight in base.transformers_model.state_dict().items():
        assert torch.equal(weight, whole.transformers_model.state_dict()[name])

    module = module_of(values, tmp_path / "script")
    names, test = rows_of(module)
    assert whole.transformers_model.config.id2label == dict(enumerate(names))
    check_figures(whole.encode(test["text"], convert_to_tensor=True), test, results)


def test_features_are_computed_once_and_never_taken_for_others(bert, tmp_path):
    values = described("head", bert, tmp_path)
    folder, known = forge(values, tmp_path / "runs")
    output = folder / "output"
    files = {file: file.stat().st_mtime_ns for file in (output / "features").iterdir()}
    assert len(files) == 2

    for path in (output / "results.json", output / "checkpoint-6"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = rerun(folder)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert {file: file.stat().st_mtime_ns for file in (output / "features").iterdir()} == files

    write_rows(tmp_path / "rows.jsonl", [*labelled(), {"text": "a new stone", "label": "nature"}])
    rerun(folder)
    assert set((output / "features").iterdir()) > files.keys()
    script = (folder / "train.py").read_text()
    (folder / "train.py").write_text(script.replace("MAX_LENGTH: int = 64", "MAX_LENGTH: int = 8"))
    known_files = set((output / "features").iterdir())
    rerun(folder)
    assert len(set((output / "features").iterdir()) - known_files) == 2


@pytest.mark.parametrize(("kind", "kind_of_model"), [("lora", "bert"), ("lora", "llama"), ("head", "bert")])
def test_two_texts_are_judged_together(kind, kind_of_model, model, tmp_path):
    rows = [row | {"hint": f"{row['label']} things"} for row in labelled()]
    columns = {"text": "text", "text_pair": "hint", "label": "label"}
    _, known = check_cell(described(kind, model, tmp_path, rows, data={"columns": columns}), tmp_path)
    prompt = known.finished["results"]["samples"][0]["prompt"]
    assert prompt.endswith(" things")
    assert " / " in prompt
    if kind == "lora":
        module = module_of(described(kind, model, tmp_path, rows, data={"columns": columns}), tmp_path / "script")
        tokenizer = module.load_reader()
        tokens = module.tokenize_texts(rows_of(module)[1], tokenizer)[0]["input_ids"]
        assert "things" in tokenizer.decode(tokens)
        assert tokens.count(tokenizer.sep_token_id) == (2 if kind_of_model == "bert" else 0)


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_the_card_says_how_a_classifier_is_used(kind, bert, tmp_path, capsys):
    folder, known = forge(described(kind, bert, tmp_path), tmp_path / "runs")
    card = (folder / "output" / "model" / "README.md").read_text()
    assert "macro_f1" in card
    code = card.split("```python\n")[-1].split("```")[0]
    exec(code, {})
    said = capsys.readouterr().out
    assert any(name in said for name in known.finished["results"]["confusion"]["labels"])


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_classifier_that_knows_the_classes_keeps_their_order(kind, bert, tmp_path):
    known = ["travel", "home", "nature"]
    head = {"num_labels": 3, "id2label": dict(enumerate(known)), "label2id": {n: i for i, n in enumerate(known)}}
    torch.manual_seed(0)
    tuned = AutoModelForSequenceClassification.from_pretrained(bert, **head)
    tuned.save_pretrained(tmp_path / "tuned")
    AutoTokenizer.from_pretrained(bert).save_pretrained(tmp_path / "tuned")
    values = described(kind, tmp_path / "tuned", tmp_path, training={"max_steps": 3})
    _, trained = forge(values, tmp_path / "runs")
    results = trained.finished["results"]
    assert results["confusion"]["labels"] == known
    module = module_of(values, tmp_path / "script")
    _, test = rows_of(module)
    logits = logits_of(tuned, module, test, module.load_reader())
    before = {row["name"]: row["baseline"] for row in results["metrics"]}
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(test["label"]))
    assert before["eval_loss"] == pytest.approx(float(loss), abs=1e-5)

    (tmp_path / "next").mkdir()
    chained = described(kind, results["model_folder"], tmp_path / "next", training={"max_steps": 3})
    chained["model"]["weights"] = "adapter" if kind == "lora" else "whole"
    _, again = forge(chained, tmp_path / "next" / "runs")
    assert again.finished["results"]["confusion"]["labels"] == known
    measured = {row["name"]: row for row in again.finished["results"]["metrics"]}
    after = {row["name"]: row["tuned"] for row in results["metrics"]}
    assert measured["eval_loss"]["baseline"] == pytest.approx(after["eval_loss"], abs=1e-4)


def without_dropout(bert, folder):
    """The encoder, copied without its noise."""
    shutil.copytree(bert, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_batches_that_are_added_up_weigh_as_much_as_one(bert, tmp_path):
    quiet = without_dropout(bert, tmp_path / "quiet")
    curves = []
    for batch, accumulate in ((8, 1), (4, 2)):
        own = tmp_path / f"batch{batch}"
        own.mkdir()
        values = described("full", quiet, own, training={"batch": batch, "accumulate": accumulate, "max_steps": 3})
        _, known = forge(values, own / "runs")
        curves.append([list(known.metrics[name].values) for name in ("loss", "grad_norm")])
    for one, other in zip(*curves, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_rare_classes_count_more_where_they_shall(bert, tmp_path):
    quiet = without_dropout(bert, tmp_path / "quiet")
    values = described("full", quiet, tmp_path, objective={"class_weights": "balanced"})
    _, known = check_cell(values, tmp_path)
    module = module_of(values, tmp_path / "script")
    module.begin()
    names, train, test = module.numbered(*module.read_rows("label"))
    model = module.load_classifier(**module.head(names))
    logits = logits_of(model, module, test, module.load_reader())
    sizes = [train["label"].count(place) for place in range(3)]
    each = torch.nn.functional.cross_entropy(logits, torch.tensor(test["label"]), reduction="none")
    weights = torch.tensor([len(train) / (3 * sizes[label]) for label in test["label"]])
    assert known.evaluated["eval_loss"].values[0] == pytest.approx(float((each * weights).mean()), abs=1e-5)
    assert sizes[2] < sizes[1] < sizes[0]


def test_a_broken_training_goes_on_to_the_same_end(bert, tmp_path):
    folder, known = forge(described("lora", bert, tmp_path), tmp_path / "runs")
    for path in (folder / "output").glob("checkpoint-*"):
        if path.name != "checkpoint-3":
            shutil.rmtree(path)
    (folder / "output" / "results.json").unlink()
    again = rerun(folder)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert again["confusion"] == known.finished["results"]["confusion"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row | {"label": "one"} for row in labelled()], "every training row has the label 'one'"),
        ([row | {"label": n} for n, row in enumerate(labelled())], "no value of the column 'label' is in two rows"),
        ([row | {"label": None} for row in labelled()], "has no whole row to learn from"),
        ([row | {"label": n % 9 / 7 + 0.1} for n, row in enumerate(labelled())], "is a measure and no class"),
        ([row | {"label": n / 7 + 0.1} for n, row in enumerate(labelled())], "they look like texts or measures"),
        ([row | {"label": [row["label"]]} for row in labelled()], "is several at once"),
        ([{"text": row["text"]} for row in labelled()], "there is no column 'label' in the rows"),
    ],
)
def test_rows_without_classes_are_refused_before_any_weights_are_loaded(rows, message, bert, tmp_path):
    kind = "head" if "one" in message else "lora"
    failed = refused(described(kind, bert, tmp_path, rows), tmp_path / "runs")
    assert message in failed["message"]
    assert "from_pretrained" not in failed["traceback"]
    assert "read_rows" in failed["traceback"] or "numbered" in failed["traceback"]


def test_a_test_with_other_classes_is_refused(bert, tmp_path):
    other = write_rows(tmp_path / "test.jsonl", [{"text": "the sun", "label": "sky"}])
    failed = refused(described("lora", bert, tmp_path, data={"test": str(other)}), tmp_path / "runs")
    assert "no training row has the class of some test rows (sky)" in failed["message"]
