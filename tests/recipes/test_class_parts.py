"""What classification is made of: names, numbers, figures worked by hand, a loss that counts as it says."""

import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Value
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DistilBertConfig

from engine.recipes.parts import base, class_samples, class_trainer, classes, head, head_names, shots
from engine.recipes.parts.confusion import confusion, tables
from engine.recipes.parts.sequence_classifier import nf4
from tests.tiny import labelled


def rows(*labels, test=None):
    halves = [list(labels), list(labels if test is None else test)]
    return [Dataset.from_list([{"text": f"t{n}", "label": label} for n, label in enumerate(half)]) for half in halves]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "b", "a"], ["a", "b"]),
        ([10, 9, 10, 9, -1, -1], ["-1", "9", "10"]),
        ([True, False, True, False], ["False", "True"]),
        ([1.0, 0.0, 0.0, 1.0], ["0", "1"]),
        ([" yes", "yes ", "no", "no"], ["no", "yes"]),
        (["10", "9", "a", "a", "9", "10"], ["10", "9", "a"]),
    ],
)
def test_classes_are_named_by_the_rows_in_an_order_that_stays(labels, names):
    found, train, test = classes.numbered(*rows(*labels))
    again, _, _ = classes.numbered(*rows(*reversed(labels)))
    assert found == again == names
    assert [names[place] for place in train["label"]] == [classes.class_name(label) for label in labels]
    assert train.column_names == ["text", "label"] and test["label"] == train["label"]


def test_numbers_that_have_names_are_called_by_them():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["sports", "arts"])})
    named = Dataset.from_dict({"text": ["a", "b", "c", "d"], "label": [0, 1, 1, 0]}, features=features)
    names, train, _ = classes.numbered(named, named)
    assert names == ["arts", "sports"]
    assert train["label"] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("labels", "test", "message"),
    [
        (["a"] * 4, None, "every training row has the label 'a'"),
        (list("abcdef"), None, "6 classes in 6 training rows"),
        ([], None, "0 training and 0 test rows"),
        (["a", "b"] * 2, ["c", "d"], r"no training row has the class of some test rows \(c, d\)"),
        ([0.5, 1.0], None, "is a measure and no class"),
        ([["a"], ["b"]], None, "is several at once"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, test, message):
    train, asked = rows(*labels, test=test)
    if not labels:
        train = asked = Dataset.from_dict({"text": [], "label": []})
    with pytest.raises(ValueError, match=message):
        classes.numbered(train, asked)


def test_two_classes_in_two_rows_each_may_be_told_apart():
    assert classes.numbered(*rows("a", "b", "a"))[0] == ["a", "b"]


def test_the_table_and_its_measures_equal_figures_worked_by_hand():
    truth = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    told_ = [0, 0, 1, 2, 1, 0, 2, 2, 2, 1]
    found = confusion(truth, told_, 3)
    assert found["matrix"] == [[2, 1, 1], [1, 1, 0], [0, 1, 3]]
    assert found["accuracy"] == pytest.approx(6 / 10)
    assert found["precision"] == pytest.approx([2 / 3, 1 / 3, 3 / 4])
    assert found["recall"] == pytest.approx([1 / 2, 1 / 2, 3 / 4])
    f1 = [2 * 2 / 7, 2 * 1 / 5, 2 * 3 / 8]
    assert found["macro_f1"] == pytest.approx(sum(f1) / 3)


def test_a_class_that_nobody_says_or_asks_for_has_no_share():
    found = confusion([0, 0, 1], [0, 2, 2], 4)
    assert found["precision"] == [1.0, None, 0.0, None]
    assert found["recall"] == [0.5, 0.0, None, None]
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0 + 0) / 3)
    both = tables(found, None, list("abcd"))
    assert both == {"labels": list("abcd"), "before": {name: found[name] for name in ("matrix", "precision", "recall")}}


def test_samples_show_what_changed_first(monkeypatch):
    monkeypatch.setattr(class_samples, "SAMPLES", 4)
    asked = Dataset.from_list([{"text": f"t{n}", "label": 0} for n in range(6)])
    shown = class_samples.class_samples(asked, [0, 1, 1, 0, 1, 0], [0, 1, 0, 1, 0, 0], ["yes", "no"])
    assert [sample["prompt"] for sample in shown] == ["t2", "t1", "t3", "t0"]
    assert shown[0] == {"prompt": "t2", "base": "no (wrong: yes)", "tuned": "yes (right)"}
    alone = class_samples.class_samples(asked, [0, 1, 1, 0, 1, 0], None, ["yes", "no"])
    assert {sample["tuned"] for sample in alone} == {None}
    assert [sample["prompt"] for sample in alone] == ["t1", "t0", "t2", "t3"]


@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_is_cross_entropy_over_all_rows_of_a_step(balanced, monkeypatch):
    monkeypatch.setattr(class_trainer, "CLASS_WEIGHTS", "balanced" if balanced else "equal")
    logits, labels = torch.randn(8, 3), torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])
    loss = class_trainer.class_loss(labels.tolist(), 3)
    weights = torch.tensor([8 / 15, 8 / 6, 8 / 3]) if balanced else torch.ones(3)
    each = -logits.log_softmax(-1)[range(8), labels] * weights[labels]
    assert float(loss({"logits": logits}, labels)) == pytest.approx(float(each.mean()), abs=1e-6)
    halves = [loss({"logits": logits[part]}, labels[part], torch.tensor(8)) for part in (slice(0, 4), slice(4, 8))]
    assert float(sum(halves)) == pytest.approx(float(each.mean()), abs=1e-6)
    if not balanced:
        library = torch.nn.functional.cross_entropy(logits, labels)
        assert float(loss({"logits": logits}, labels)) == pytest.approx(float(library), abs=1e-6)


@pytest.mark.parametrize("hidden", [0, 5])
def test_a_head_is_the_same_as_layers_of_an_embedding_model(hidden, monkeypatch):
    monkeypatch.setattr(head, "HIDDEN", hidden)
    torch.manual_seed(0)
    known = torch.randn(40, 6) * torch.tensor([1.0, 5.0, 0.1, 1.0, 2.0, 0.0]) + 3
    made = head.Head(known, 4)
    logits = made(known, torch.zeros(40, dtype=torch.long))
    features = {"sentence_embedding": known}
    for layer in made.dense():
        features = layer(features)
    assert torch.allclose(features["sentence_embedding"], logits.logits, atol=1e-4)
    expected = torch.nn.functional.cross_entropy(logits.logits, torch.zeros(40, dtype=torch.long))
    assert float(logits.loss) == pytest.approx(float(expected))
    scaled = (known - made.mean) / made.deviation
    assert torch.allclose(scaled[:, :5].std(0), torch.ones(5), atol=1e-4)


def test_examples_are_drawn_from_every_class_in_turn(monkeypatch):
    monkeypatch.setattr(shots, "SHOTS", 5)
    asked = Dataset.from_list([{"text": f"t{n}"} for n in range(20)])
    labels = [0] * 15 + [1] * 4 + [2]
    chosen = shots.examples(asked, labels)
    assert sorted(labels[int(text[1:])] for text in chosen["text"]) == [0, 0, 1, 1, 2]
    assert shots.examples(asked, labels)["text"] == chosen["text"]
    assert len(set(shots.examples(asked)["text"])) == 5


def test_the_whole_head_of_a_packed_classifier_stays_unpacked(bert, tmp_path, monkeypatch):
    from transformers import DistilBertModel

    DistilBertModel(
        DistilBertConfig(vocab_size=400, dim=64, n_layers=2, n_heads=4, hidden_dim=128, max_position_embeddings=128)
    ).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(bert).save_pretrained(tmp_path)
    monkeypatch.setattr(base, "BASE_MODEL", str(tmp_path))
    for module in (head_names, nf4):
        monkeypatch.setattr(module, "base_model", lambda: str(tmp_path))
    assert {"pre_classifier", "classifier"} <= set(head_names.head_names())
    model = nf4.load_classifier(num_labels=3)
    assert type(model.pre_classifier) is type(model.classifier) is torch.nn.Linear
    assert type(model.distilbert.transformer.layer[0].ffn.lin1) is not torch.nn.Linear
    assert isinstance(model, type(AutoModelForSequenceClassification.from_config(model.config)))


def test_the_tiny_rows_have_a_rare_class():
    sizes = [sum(row["label"] == name for row in labelled()) for name in ("home", "nature", "travel")]
    assert sizes == [30, 24, 6]
