"""Rows and models from which nothing can be learned: a sentence that says what to do, before any weights are loaded."""

import json
import runpy

import pytest

from engine.worker.tiny_model import make_language_model
from tests.recipes.embed_rows import described, rows
from tests.tiny import COLOURS, pairs, write_rows
from tests.training import create


@pytest.fixture
def script(bert, tmp_path, monkeypatch):
    """Makes the script of a loss over changed rows, and returns what it defines."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def make(shape, loss, change=lambda row, n: row, **sections):
        values = described(shape, loss, bert, tmp_path, **sections)
        made = [change(row, n) for n, row in enumerate(rows(shape))]
        write_rows(tmp_path / f"{shape}.jsonl", made)
        return runpy.run_path(str(create(values, tmp_path / "runs") / "train.py"), run_name="script")

    return make


def put(**fields):
    """A change that gives every row the same values."""
    return lambda row, n: {**row, **fields}


@pytest.mark.parametrize(
    ("shape", "loss", "change", "said"),
    [
        (
            "pairs",
            "MultipleNegativesRankingLoss",
            put(positive="the same"),
            "every row has the same positive: there is nothing to tell apart",
        ),
        (
            "pairs",
            "MultipleNegativesRankingLoss",
            lambda row, n: {**row, "positive": row["anchor"]},
            "anchor and positive are equal in every row",
        ),
        (
            "triplets",
            "TripletLoss",
            lambda row, n: {**row, "negative": row["positive"]},
            "positive and negative are equal in every row",
        ),
        (
            "pairs",
            "GISTEmbedLoss",
            lambda row, n: {**row, "anchor": n + 1},
            "the column that plays anchor holds no texts but int64",
        ),
        ("scored", "CoSENTLoss", put(score=0.5), "every training row has the score 0.5: there is no order"),
        ("scored", "CoSENTLoss", put(score="high"), "the score 'high' is no number"),
        (
            "scored",
            "CosineSimilarityLoss",
            lambda row, n: {**row, "score": n % 6},
            "the scores run from 0 to 5, but a cosine similarity from -1 to 1: divide them by the largest",
        ),
        ("matched", "ContrastiveLoss", put(label=1), "every training row has the label 1: matches and others"),
        (
            "matched",
            "OnlineContrastiveLoss",
            lambda row, n: {**row, "label": ["entailment", "neutral"][n % 2]},
            "is neither 1 (a match) nor 0: for other classes take SoftmaxLoss",
        ),
        ("related", "SoftmaxLoss", put(label="neutral"), "every training row has the label 'neutral'"),
        ("classes", "BatchAllTripletLoss", put(label="red"), "every training row has the label 'red'"),
        (
            "classes",
            "BatchHardTripletLoss",
            lambda row, n: {**row, "label": "red" if n % 12 else "blue"},
            "fewer than two classes have two test rows",
        ),
        ("texts", "ContrastiveTensionLoss", put(text="the same"), "every row has the same text"),
        ("damaged", "DenoisingAutoEncoderLoss", put(original=""), "damaged.jsonl has no "),
    ],
)
def test_rows_from_which_nothing_can_be_learned_are_refused(shape, loss, change, said, script):
    with pytest.raises(ValueError) as caught:
        script(shape, loss, change)["embedding_rows"]()
    assert said in str(caught.value)


def test_labels_are_numbered_and_keep_their_names(script):
    train, test = script("classes", "BatchAllTripletLoss")["embedding_rows"]()
    assert train.features["label"].names == sorted(COLOURS[:4])
    for row in [*train, *test]:
        colour = row["text"].split()[-1]
        assert train.features["label"].int2str(row["label"]) in (colour, *COLOURS)
    place = {row["passage"]: COLOURS[n % 4] for n, row in enumerate(pairs(58))}
    assert all(train.features["label"].int2str(row["label"]) == place[row["text"]] for row in test)
    assert set(test["label"]) == {0, 1, 2, 3}


def test_a_label_and_a_score_of_zero_are_values(script):
    train, test = script("matched", "ContrastiveLoss", lambda row, n: {**row, "label": bool(row["label"])})[
        "embedding_rows"
    ]()
    assert sorted([*train["label"], *test["label"]]) == [0] * 24 + [1] * 24
    train, test = script("scored", "CosineSimilarityLoss", lambda row, n: {**row, "score": n % 2})["embedding_rows"]()
    assert len(train) + len(test) == 48
    assert set(train["score"]) == {0.0, 1.0}


@pytest.mark.parametrize("loss", ["MultipleNegativesRankingLoss", "CachedGISTEmbedLoss"])
def test_columns_come_in_the_order_that_a_loss_takes_them(loss, script):
    columns = {"negative_1": "negative_1", "positive": "positive", "negative_2": "negative_2", "anchor": "anchor"}
    made = script("negatives", loss, data={"columns": columns})
    train, _ = made["embedding_rows"]()
    assert train.column_names == ["anchor", "positive", "negative_1", "negative_2"]
    assert list(made["prompts"]()) == train.column_names


def test_texts_alone_get_what_they_are_compared_with(script):
    train, _ = script("texts", "ContrastiveTensionLoss")["embedding_rows"]()
    assert train.column_names == ["other", "text"]
    assert [one == two for one, two in zip(train["other"], train["text"], strict=True)][::8] == [True] * 5
    assert sum(one == two for one, two in zip(train["other"], train["text"], strict=True)) < 9
    damaged, _ = script("texts", "DenoisingAutoEncoderLoss")["embedding_rows"]()
    assert damaged.column_names == ["damaged", "text"]
    assert damaged["text"] == train["text"]
    assert all(
        set(one.split()) <= set(two.split()) for one, two in zip(damaged["damaged"], damaged["text"], strict=True)
    )


def test_an_original_is_rebuilt_without_a_prompt(script):
    made = script("damaged", "DenoisingAutoEncoderLoss", objective={"document_prompt": "passage: "})
    assert made["prompts"]() == {"damaged": "passage: "}


def test_a_model_that_cannot_be_a_decoder_is_refused_without_its_weights(script, bert, tmp_path):
    make_language_model([row["passage"] for row in pairs(20)], tmp_path / "llama", width=64, vocabulary=300)
    for file in (tmp_path / "llama").glob("*.safetensors"):
        file.unlink()
    made = script("texts", "DenoisingAutoEncoderLoss", model={"id": str(tmp_path / "llama")})
    with pytest.raises(ValueError, match="a llama model cannot rebuild texts from its embeddings"):
        made["embedding_rows"]()
    assert script("texts", "DenoisingAutoEncoderLoss")["embedding_rows"]()


@pytest.mark.parametrize(
    ("files", "width"),
    [
        ({}, 64),
        ({"1_Pooling": {"embedding_dimension": 64, "pooling_mode": "mean"}}, 64),
        ({"1_Pooling": {"word_embedding_dimension": 64, "pooling_mode_cls_token": True}}, 64),
        (
            {
                "1_Pooling": {
                    "word_embedding_dimension": 64,
                    "pooling_mode_cls_token": True,
                    "pooling_mode_max_tokens": True,
                }
            },
            128,
        ),
        ({"1_Pooling": {"embedding_dimension": 64, "pooling_mode": ["mean", "max"]}}, 128),
        ({"1_Pooling": {"embedding_dimension": 64, "pooling_mode": "cls"}, "2_Dense": {"out_features": 24}}, 24),
    ],
)
def test_the_width_of_an_embedding_is_known_without_its_weights(files, width, script, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 64}))
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"}]
    for folder, config in files.items():
        (base / folder).mkdir()
        (base / folder / "config.json").write_text(json.dumps(config))
        modules.append({"path": folder, "type": f"sentence_transformers.models.{folder.partition('_')[2]}"})
    if files:
        (base / "modules.json").write_text(json.dumps(modules))
    made = script("pairs", "GISTEmbedLoss", model={"id": str(base)})
    assert made["embedding_width"]() == width
    if width == 64:
        assert made["sizes"]() == (64, 32)
        return
    with pytest.raises(ValueError, match=f"which is {width}, but objective.matryoshka begins with 64"):
        made["sizes"]()


def test_the_size_that_counts_comes_first(script):
    made = script("pairs", "MultipleNegativesRankingLoss", objective={"best_dimension": 32})
    assert made["sizes"]() == (32, 64)
    assert script("pairs", "MultipleNegativesRankingLoss", objective={"matryoshka": []})["sizes"]() == (64,)
