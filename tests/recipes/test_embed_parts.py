"""The parts of an embedding training, held against the library's own losses and measurements."""

import importlib
import sys

import pytest
import torch
from datasets import ClassLabel, Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import evaluation
from sentence_transformers.sentence_transformer import losses as library

from engine.losses import losses
from engine.recipes.parts.embedding_sizes import matryoshka
from engine.recipes.parts.encoder_adapter.lora import adapt_encoder
from tests.recipes.embed_rows import CELLS, SIZES, rows

pytestmark = pytest.mark.slow

COSINE = library.BatchHardTripletLossDistanceFunction.cosine_distance
DIRECT = {
    "MultipleNegativesRankingLoss": lambda e: library.MultipleNegativesRankingLoss(e),
    "CachedMultipleNegativesRankingLoss": lambda e: library.CachedMultipleNegativesRankingLoss(e, mini_batch_size=3),
    "GISTEmbedLoss": lambda e: library.GISTEmbedLoss(e, fresh(e), temperature=0.05),
    "CachedGISTEmbedLoss": lambda e: library.CachedGISTEmbedLoss(e, fresh(e), temperature=0.05, mini_batch_size=3),
    "MultipleNegativesSymmetricRankingLoss": lambda e: library.MultipleNegativesSymmetricRankingLoss(e),
    "CachedMultipleNegativesSymmetricRankingLoss": lambda e: library.CachedMultipleNegativesSymmetricRankingLoss(e),
    "MegaBatchMarginLoss": lambda e: library.MegaBatchMarginLoss(e, use_mini_batched_version=False),
    "TripletLoss": lambda e: library.TripletLoss(e, library.TripletDistanceMetric.COSINE, 0.5),
    "CoSENTLoss": lambda e: library.CoSENTLoss(e),
    "AnglELoss": lambda e: library.AnglELoss(e),
    "CosineSimilarityLoss": lambda e: library.CosineSimilarityLoss(e),
    "OnlineContrastiveLoss": lambda e: library.OnlineContrastiveLoss(e),
    "ContrastiveLoss": lambda e: library.ContrastiveLoss(e),
    "SoftmaxLoss": lambda e: library.SoftmaxLoss(e, 64, 3),
    "BatchAllTripletLoss": lambda e: library.BatchAllTripletLoss(e, COSINE, 0.5),
    "BatchHardSoftMarginTripletLoss": lambda e: library.BatchHardSoftMarginTripletLoss(e, COSINE),
    "BatchHardTripletLoss": lambda e: library.BatchHardTripletLoss(e, COSINE, 0.5),
    "BatchSemiHardTripletLoss": lambda e: library.BatchSemiHardTripletLoss(e, COSINE, 0.5),
    "ContrastiveTensionLossInBatchNegatives": lambda e: library.ContrastiveTensionLossInBatchNegatives(e),
    "DenoisingAutoEncoderLoss": lambda e: library.DenoisingAutoEncoderLoss(e, tie_encoder_decoder=True),
    "ContrastiveTensionLoss": lambda e: library.ContrastiveTensionLoss(e),
}
"""Each loss as a person would make it by hand, with the numbers that our defaults stand for."""
LABELLED = ("score", "label")


def fresh(encoder):
    """The untouched base of an encoder."""
    return SentenceTransformer(encoder.transformers_model.config._name_or_path, device="cpu")


@pytest.fixture(autouse=True)
def _one_thread():
    """Small tensors gain nothing from two threads, and lose much where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def encoder(bert):
    return SentenceTransformer(str(bert), device="cpu").eval()


@pytest.fixture
def base(bert, monkeypatch):
    """Every part that loads the base model loads the small one, and the cached losses go three rows at a time."""
    monkeypatch.setattr(importlib.import_module("engine.recipes.parts.weights.whole"), "BASE_MODEL", str(bert))
    for name in ("cached_ranking", "cached_symmetric", "cached_gist", "mega_batch"):
        monkeypatch.setattr(importlib.import_module(f"engine.recipes.parts.embedding_loss.{name}"), "MINI_BATCH", 3)
    return bert


def named(shape, count=48):
    """Rows of a shape as the trainer gets them: labels numbered, single texts with what belongs to them."""
    data = Dataset.from_list(rows(shape, count))
    if shape in ("related", "classes"):
        return data.cast_column("label", ClassLabel(names=sorted(set(data["label"]))))
    return data.rename_column("original", "text") if shape == "damaged" else data


def batch(shape, loss, encoder, count=8):
    """The features and labels of a fixed batch."""
    data = named(shape, count)
    columns = [name for name in data.column_names if name not in LABELLED]
    if shape == "matched":  # a text and itself, said to differ: a pair that is hard for any weights
        data = data.map(lambda row: {"sentence2": row["sentence1"]} if row["label"] == 0 else {})
    if shape == "texts":
        damaged = [text.replace("with", "") for text in data["text"]]
        beside = {"DenoisingAutoEncoderLoss": damaged, "ContrastiveTensionLoss": [*data["text"][:4], *damaged[4:]]}
        given = [beside[loss], data["text"]] if loss in beside else [data["text"]]
    else:
        given = [data[name] for name in columns]
    label = next((name for name in LABELLED if name in data.column_names), None)
    return [encoder.preprocess(texts) for texts in given], torch.tensor(data[label]) if label else None


def ours(shape, loss, encoder):
    """The loss as a script makes it, on the same random numbers every time."""
    part = importlib.import_module(f"engine.recipes.parts.embedding_loss.{losses()[loss].part}")
    torch.manual_seed(3)
    return part.make_loss(encoder, named(shape))


def theirs(loss, encoder):
    torch.manual_seed(3)
    return DIRECT[loss](encoder)


@pytest.mark.parametrize(("shape", "loss"), CELLS)
def test_a_loss_on_a_fixed_batch_is_the_librarys_own(shape, loss, encoder, base):
    value = ours(shape, loss, encoder)(*batch(shape, loss, encoder))
    expected = theirs(loss, fresh(encoder).eval())(*batch(shape, loss, encoder))
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert value.item() > 1e-3
    assert abs(value.item() - 0.693147) > 1e-3


NESTED = [cell for cell in CELLS if losses()[cell[1]].matryoshka]


@pytest.mark.parametrize(("shape", "loss"), NESTED)
def test_at_every_size_means_the_sum_over_embeddings_that_were_cut(shape, loss, encoder, base, monkeypatch):
    monkeypatch.setattr(matryoshka, "MATRYOSHKA", tuple(SIZES))
    features, labels = batch(shape, loss, encoder)
    whole = matryoshka.at_every_size(encoder, ours(shape, loss, encoder))(features, labels).item()
    parts = []
    for size in SIZES:
        short = SentenceTransformer(str(base), device="cpu", truncate_dim=size).eval()
        short.forward = cut_after(short.forward, size)
        parts.append(theirs(loss, short)(batch(shape, loss, short)[0], labels).item())
    assert whole == pytest.approx(sum(parts), rel=1e-4)
    assert parts[0] != pytest.approx(parts[1], rel=1e-4)


def cut_after(forward, size):
    """A forward pass whose embeddings are cut and normalised."""

    def short(features):
        made = forward(features)
        made["sentence_embedding"] = torch.nn.functional.normalize(made["sentence_embedding"][:, :size], dim=-1)
        return made

    return short


@pytest.mark.parametrize("loss", [name for name, rule in losses().items() if not rule.matryoshka])
def test_a_loss_that_is_said_to_take_one_size_only_fails_at_another(loss, encoder, base, monkeypatch):
    monkeypatch.setattr(matryoshka, "MATRYOSHKA", tuple(SIZES))
    shape = next(shape for shape, name in CELLS if name == loss)
    with pytest.raises(RuntimeError, match=r"shapes cannot be multiplied|Expected size"):
        matryoshka.at_every_size(encoder, ours(shape, loss, encoder))(*batch(shape, loss, encoder))


@pytest.mark.parametrize(("shape", "loss"), CELLS)
def test_a_loss_falls_and_moves_the_adapter_and_its_own_weights_alone(shape, loss, encoder, base):
    torch.manual_seed(0)
    adapt_encoder(encoder)
    before = {name: weight.clone() for name, weight in encoder.named_parameters()}
    made = ours(shape, loss, encoder)
    beside = {name: weight.clone() for name, weight in made.named_parameters() if not weight.requires_grad}
    moving = torch.optim.Adam([weight for weight in made.parameters() if weight.requires_grad], 1e-2)
    values = []
    for _ in range(12):
        value = made(*batch(shape, loss, encoder))
        moving.zero_grad()
        value.backward()
        moving.step()
        values.append(value.item())
    assert min(values[1:]) < values[0]
    moved = {name for name, weight in encoder.named_parameters() if not weight.equal(before[name])}
    assert moved
    assert all("lora_" in name for name in moved)
    assert all(weight.equal(beside[name]) for name, weight in made.named_parameters() if name in beside)
    shared = {id(weight) for weight in encoder.parameters()}
    own = [name for name, weight in made.named_parameters() if weight.requires_grad and id(weight) not in shared]
    assert bool(own) == losses()[loss].own


def test_a_decoder_uses_the_encoders_own_weights_and_leaves_its_adapter_alone(encoder, base):
    adapt_encoder(encoder)
    loss = ours("texts", "DenoisingAutoEncoderLoss", encoder)
    encoded = dict(encoder.transformers_model.named_parameters())
    body = dict(loss.decoder.base_model.named_parameters())
    shared = [name for name in encoded if name.replace(".base_layer.", ".") in body]
    assert len(shared) == 2 * 16 + 5
    assert all(body[name.replace(".base_layer.", ".")] is encoded[name] for name in shared)
    assert loss.decoder.get_output_embeddings().weight is encoded["embeddings.word_embeddings.weight"]
    own = [name for name, weight in loss.decoder.named_parameters() if weight.requires_grad]
    assert own
    assert all("crossattention" in name or name.startswith("cls.") for name in own)


def test_another_guide_strikes_out_other_answers(encoder, base, tmp_path, monkeypatch):
    from engine.recipes.parts import guide_model
    from tests.tiny import tiny_bert

    monkeypatch.setattr(guide_model, "GUIDE", str(tiny_bert(tmp_path / "guide", width=32)))
    guided = ours("pairs", "GISTEmbedLoss", encoder)
    assert guided.guide.get_embedding_dimension() == 32
    assert not any(weight.requires_grad for weight in guided.guide.parameters())
    value = guided(*batch("pairs", "GISTEmbedLoss", encoder)).item()
    assert value > 1e-3
    assert value != pytest.approx(theirs("GISTEmbedLoss", encoder)(*batch("pairs", "", encoder)).item(), rel=1e-4)


@pytest.mark.parametrize("loss", losses().values(), ids=list(losses()))
def test_rows_come_together_as_the_loss_needs_them(loss):
    part = importlib.import_module(f"engine.recipes.parts.embedding_loss.{loss.part}")
    wanted = "no_duplicates" if loss.in_batch else "group_by_label" if loss.even else "batch_sampler"
    assert part.batch_sampler().value == wanted


def test_four_rows_of_four_classes_teach_a_triplet_loss_nothing_at_all(encoder):
    """Why its batches are grouped: a random batch of four has seldom two rows of one class."""
    features, labels = batch("classes", "BatchAllTripletLoss", encoder, count=4)
    assert sorted(labels.tolist()) == [0, 1, 2, 3]
    assert ours("classes", "BatchAllTripletLoss", encoder)(features, labels).item() == 0


def test_a_cached_loss_has_the_gradients_of_the_whole_batch(encoder, base):
    found = []
    for loss in ("MultipleNegativesRankingLoss", "CachedMultipleNegativesRankingLoss"):
        encoder.zero_grad()
        ours("pairs", loss, encoder)(*batch("pairs", loss, encoder)).backward()
        found.append([weight.grad.clone() for weight in encoder.parameters() if weight.grad is not None])
    assert len(found[0]) == len(found[1]) > 30
    assert all(torch.allclose(one, two, atol=1e-4) for one, two in zip(*found, strict=True))


def made(shape, name, sizes=(64, 32)):
    """The measurement of a shape over training and test rows."""
    data = named(shape, 60)
    part = importlib.import_module(f"engine.recipes.parts.embedding_evaluator.{name}")
    return part.make_evaluator((data.select(range(40)), data.select(range(40, 60))), sizes, None), data


def same(ours, expected, size, *names):
    """Hold our figures for a size against the library's under the same names."""
    for name in names:
        assert ours[f"dim_{size}_{name}"] == pytest.approx(expected[name], abs=1e-4), name


def half_swapped(shape, count):
    """Triplets of which every second one is the wrong way round."""
    made = rows(shape, count)
    negative = list(made[0])[2]
    for row in made[::2]:
        row["positive"], row[negative] = row[negative], row["positive"]
    return Dataset.from_list(made)


@pytest.mark.parametrize("shape", ["triplets", "negatives"])
def test_triplets_are_measured_as_the_library_does(shape, encoder, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "named", half_swapped)
    evaluator, data = made(shape, "triplets")
    found, test = evaluator(encoder), data.select(range(40, 60))
    assert found.keys() == evaluator.reported.keys()
    assert evaluator.primary_metric == "dim_64_cosine_ndcg@10"
    negatives = [name for name in data.column_names if name.startswith("negative")]
    assert set(evaluator.passages) == {text for name in ("positive", *negatives) for text in data[name]}
    for size in (64, 32):
        shares = [
            evaluation.TripletEvaluator(
                test["anchor"], test["positive"], test[name], truncate_dim=size, write_csv=False
            )(encoder)["cosine_accuracy"]
            for name in negatives
        ]
        assert 0 < sum(shares) < len(shares)
        assert found[f"dim_{size}_cosine_accuracy"] == pytest.approx(sum(shares) / len(shares), abs=1e-6)


def test_scores_are_measured_as_the_library_does(encoder):
    evaluator, data = made("scored", "scored")
    found, test = evaluator(encoder), data.select(range(40, 60))
    assert evaluator.primary_metric == "dim_64_spearman_cosine"
    for size in (64, 32):
        expected = evaluation.EmbeddingSimilarityEvaluator(
            test["sentence1"], test["sentence2"], test["score"], truncate_dim=size, write_csv=False
        )(encoder)
        same(found, expected, size, "spearman_cosine", "pearson_cosine")


def test_matches_are_measured_as_the_library_does(encoder):
    evaluator, data = made("matched", "matched")
    found, test = evaluator(encoder), data.select(range(40, 60))
    assert evaluator.primary_metric == "dim_64_cosine_ap"
    for size in (64, 32):
        expected = evaluation.BinaryClassificationEvaluator(
            test["sentence1"], test["sentence2"], test["label"], truncate_dim=size, write_csv=False
        )(encoder)
        same(found, expected, size, "cosine_ap", "cosine_accuracy")


def test_equal_similarities_share_a_threshold():
    from sklearn.metrics import average_precision_score

    from engine.recipes.parts.embedding_evaluator.matched import thresholds

    near, labels = [0.9, 0.5, 0.5, 0.5, 0.1], [1, 0, 1, 0, 1]
    precision, accuracy = thresholds(near, labels)
    assert precision == pytest.approx(average_precision_score(labels, near))
    assert accuracy == pytest.approx(
        evaluation.BinaryClassificationEvaluator.find_best_acc_and_threshold(near, labels, True)[0]
    )


def test_ranks_of_equal_scores_are_shared():
    from scipy.stats import rankdata, spearmanr

    from engine.recipes.parts.embedding_evaluator.scored import correlation, ranks

    scores, near = torch.tensor([0.1, 0.5, 0.5, 0.9, 0.1]), torch.tensor([0.2, 0.1, 0.7, 0.8, 0.2])
    assert ranks(scores).tolist() == rankdata(scores).tolist()
    assert correlation(ranks(scores), ranks(near)) == pytest.approx(spearmanr(scores, near).statistic)
    assert correlation(ranks(scores), ranks(torch.ones(5))) == 0


def test_relations_are_measured_with_the_losss_own_classifier(encoder):
    from sentence_transformers.sentence_transformer.readers import InputExample
    from torch.utils.data import DataLoader

    data = named("related", 60)
    loss = ours("related", "SoftmaxLoss", encoder)
    part = importlib.import_module("engine.recipes.parts.embedding_evaluator.related")
    found = part.make_evaluator((data, data), (64,), loss)(encoder)
    examples = [InputExample(texts=[row["sentence1"], row["sentence2"]], label=row["label"]) for row in data]
    loader = DataLoader(examples, batch_size=8)
    expected = evaluation.LabelAccuracyEvaluator(loader, softmax_model=loss, write_csv=False)(encoder)
    assert found["pair_accuracy"] == pytest.approx(expected["accuracy"], abs=1e-6)
    assert 0 < found["pair_accuracy"] < 1


def test_classes_are_measured_by_their_middle_and_by_the_nearest_text(encoder):
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

    evaluator, data = made("classes", "classes")
    found = evaluator(encoder)
    assert evaluator.primary_metric == "dim_64_centroid_accuracy"
    for size in (64, 32):
        vectors = torch.nn.functional.normalize(torch.tensor(encoder.encode(data["text"]))[:, :size], dim=1).numpy()
        train, test, labels = vectors[:40], vectors[40:], data["label"]
        nearest = KNeighborsClassifier(1, metric="cosine").fit(train, labels[:40])
        assert found[f"dim_{size}_neighbour_accuracy"] == pytest.approx(nearest.score(test, labels[40:]))
        middles = NearestCentroid().fit(train, labels[:40]).centroids_
        middles /= (middles**2).sum(axis=1, keepdims=True) ** 0.5
        right = (test @ middles.T).argmax(axis=1) == labels[40:]
        assert found[f"dim_{size}_centroid_accuracy"] == pytest.approx(right.mean())


def test_texts_alone_are_measured_by_the_loss_and_by_finding_them_damaged(encoder):
    evaluator, data = made("texts", "texts")
    assert (evaluator.primary_metric, evaluator.greater_is_better) == ("loss", False)
    assert list(evaluator.reported)[:2] == ["loss", "dim_64_cosine_ndcg@10"]
    assert evaluator.passages == data["text"]
    assert all(len(question) < len(text) for question, text in zip(evaluator.questions, data["text"][40:], strict=True))
    assert 0 < evaluator(encoder)["dim_64_cosine_ndcg@10"] <= 1


def test_a_text_is_damaged_the_same_way_every_time():
    from engine.recipes.parts.damage import damage

    text = " ".join(f"word{n}" for n in range(500))
    kept = damage(text).split()
    assert damage(text) == " ".join(kept)
    assert 150 < len(kept) < 250
    assert [word for word in text.split() if word in set(kept)] == kept
    assert damage("one two")
    assert 0 < len(damage("wholeword")) < len("wholeword")
