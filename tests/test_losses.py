"""The losses of an embedding model: one table, what it offers, what a run refuses, and what the guide begins with."""

import inspect
import typing
from pathlib import Path
from typing import Any

import pytest

from engine import document
from engine.assembly import path_of
from engine.config import plain
from engine.data.facts import Column, DataFacts, Lengths, Suit
from engine.draft import leaves
from engine.goals.embed import EmbedObjective, EmbedRun
from engine.guide import Facts, Plan, recommend
from engine.losses import losses, offers, shape_of, shapes
from engine.problem import Problem
from engine.tables import table
from tests.facts import MINILM, T4, card, machine, model

CELLS = [(shape, loss) for shape in shapes() for loss in shape.losses]
TINY_CARD = card("small", 2, 1.2, (7, 5), "GPU-small")


def roles_of(shape: Any) -> tuple[str, ...]:
    many = {"negative_*": ("negative_1", "negative_2", "negative_3")}
    return tuple(name for role in shape.roles for name in many.get(role, (role,)))


def described(roles: tuple[str, ...] = ("anchor", "positive"), **sections: Any) -> dict[str, Any]:
    data = {"train": "rows.jsonl", "columns": {role: f"column {role}" for role in roles}}
    return {"goal": "embed", "model": {"id": "a/model"}, "data": data, **sections}


def refused(roles: tuple[str, ...] = ("anchor", "positive"), **sections: Any) -> str:
    with pytest.raises(Problem) as caught:
        document.check(described(roles, **sections))
    return caught.value.sentence


def test_the_table_holds_every_loss_of_the_field_and_each_has_a_part() -> None:
    choices = typing.get_args(EmbedObjective.model_fields["loss"].annotation)
    assert set(choices) == set(losses()) == {loss for _, loss in CELLS}
    assert len(choices) == 21
    assert len({rule.part for rule in losses().values()}) == 21
    for rule in losses().values():
        assert path_of(f"engine.recipes.parts.embedding_loss.{rule.part}").is_file()
        assert 20 < len(rule.why) < 160
    for shape, name in CELLS:
        rows = losses()[name].rows.get(shape.name, shape.rows)
        assert path_of(f"engine.recipes.parts.embedding_rows.{rows}").is_file()
        assert path_of(f"engine.recipes.parts.embedding_evaluator.{shape.evaluator}").is_file()
    assert set(table("losses")) == {"shapes", "losses"}


@pytest.mark.slow
def test_the_table_names_every_loss_of_the_library_that_needs_no_teacher() -> None:
    from sentence_transformers.base.losses.gradcache import uses_gradient_cache
    from sentence_transformers.sentence_transformer import losses as library

    others = {
        "MatryoshkaLoss", "Matryoshka2dLoss", "AdaptiveLayerLoss", "GlobalOrthogonalRegularizationLoss",
        "MSELoss", "MarginMSELoss", "DistillKLDivLoss", "EmbedDistillLoss",
    }  # fmt: skip
    known = {name for name in library.__all__ if "Loss" in name and inspect.isclass(getattr(library, name))}
    helpers = {"BatchHardTripletLossDistanceFunction"}
    assert known - others - helpers == set(losses())
    for name, rule in losses().items():
        assert rule.cached == (uses_gradient_cache(getattr(library, name)) or name == "MegaBatchMarginLoss")


def test_every_loss_is_offered_for_the_rows_that_it_takes_the_best_first() -> None:
    first = {shape.name: offers(roles_of(shape))[0][0] for shape in shapes()}
    assert first == {
        "pairs": "MultipleNegativesRankingLoss",
        "triplets": "MultipleNegativesRankingLoss",
        "negatives": "MultipleNegativesRankingLoss",
        "scored": "CoSENTLoss",
        "matched": "SoftmaxLoss",
        "related": "SoftmaxLoss",
        "classes": "BatchAllTripletLoss",
        "texts": "ContrastiveTensionLossInBatchNegatives",
        "damaged": "DenoisingAutoEncoderLoss",
    }
    for shape, loss in CELLS:
        assert (loss, losses()[loss].why) in offers(roles_of(shape))
    assert offers(("anchor",)) == []
    assert offers(("anchor", "positive", "negative", "negative_1")) == []


def test_labels_of_0_and_1_are_told_from_classes() -> None:
    roles = ("sentence1", "sentence2", "label")
    assert [name for name, _ in offers(roles, binary=True)][:2] == ["OnlineContrastiveLoss", "ContrastiveLoss"]
    assert [name for name, _ in offers(roles, binary=False)] == ["SoftmaxLoss"]
    assert {name for name, _ in offers(roles)} == {"OnlineContrastiveLoss", "ContrastiveLoss", "SoftmaxLoss"}


def test_the_order_of_the_roles_says_nothing_about_the_shape() -> None:
    assert shape_of(("positive", "anchor"), "TripletLoss") is None
    found = shape_of(("negative_2", "positive", "negative_1", "anchor"), "CachedGISTEmbedLoss")
    assert found is not None and found.name == "negatives"
    assert shape_of((), "TripletLoss") is not None


@pytest.mark.parametrize(("shape", "loss"), CELLS, ids=[f"{shape.name}-{loss}" for shape, loss in CELLS])
def test_every_cell_is_a_run_and_reads_the_parts_of_the_table(shape: Any, loss: str) -> None:
    run = document.check(described(roles_of(shape), objective={"loss": loss}))
    assert isinstance(run, EmbedRun)
    parts = run.parts()
    assert parts["embedding_loss"] == losses()[loss].part
    assert parts["embedding_evaluator"] == shape.evaluator
    assert parts["embedding_trainer"] == ("own_weights" if losses()[loss].own else "plain")
    assert bool(run.objective.matryoshka) == losses()[loss].matryoshka
    assert parts["embedding_sizes"] == ("matryoshka" if losses()[loss].matryoshka else "own_width")
    assert run.measure().startswith(shape.measure)
    assert run.measure().endswith(" at 384") == losses()[loss].matryoshka
    assert document.check(plain(run)) == run


def test_a_sparse_run_takes_the_best_loss_for_its_columns() -> None:
    assert document.check(described()).objective.loss == "MultipleNegativesRankingLoss"  # type: ignore[union-attr]
    scored = document.check(described(("sentence1", "sentence2", "score")))
    assert isinstance(scored, EmbedRun) and scored.objective.loss == "CoSENTLoss"
    related = document.check(described(("sentence1", "sentence2", "label"), objective={"scale": 5.0}))
    assert isinstance(related, EmbedRun)
    assert (related.objective.loss, related.objective.scale, related.objective.matryoshka) == ("SoftmaxLoss", 5.0, ())
    guided = document.check(described(objective={"loss": "GISTEmbedLoss"}))
    assert isinstance(guided, EmbedRun) and guided.objective.scale == 100.0


def test_a_loss_that_does_not_fit_the_columns_is_refused_with_those_that_do() -> None:
    said = refused(("sentence1", "sentence2", "score"), objective={"loss": "TripletLoss"})
    assert "TripletLoss does not learn from rows of sentence1, sentence2, score" in said
    assert "take CoSENTLoss or AnglELoss or CosineSimilarityLoss" in said
    assert "GISTEmbedLoss does not" in refused(
        ("anchor", "positive", "negative_1", "negative_2"), objective={"loss": "GISTEmbedLoss"}
    )


def test_columns_that_say_nothing_are_refused_with_those_that_would() -> None:
    said = refused(("question", "answer"))
    assert "do not say what belongs together (question, answer)" in said
    assert "anchor, positive" in said and "damaged, original" in said


def test_the_folder_of_a_guide_is_found_from_the_run_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "guide").mkdir()
    (tmp_path / "rows.jsonl").write_text("")
    file = tmp_path / "run.yaml"
    file.write_text(
        "goal: embed\nmodel: {id: a/model}\ndata: {train: rows.jsonl}\nobjective: {loss: GISTEmbedLoss, guide: guide}\n"
    )
    run = document.load(file)
    assert isinstance(run, EmbedRun) and run.objective.guide == str(tmp_path / "guide")


def test_one_column_in_two_roles_is_refused() -> None:
    values = described()
    values["data"]["columns"] = {"anchor": "text", "positive": "text"}
    with pytest.raises(Problem, match="column text plays two roles"):
        document.check(values)


def test_several_sizes_are_refused_where_the_loss_knows_one() -> None:
    said = refused(("text",), objective={"loss": "DenoisingAutoEncoderLoss", "matryoshka": [64, 32]})
    assert "one width only" in said and "set objective.matryoshka to []" in said


@pytest.mark.parametrize("loss", [name for name, rule in losses().items() if rule.cached])
def test_a_cached_loss_and_checkpointing_do_not_go_together(loss: str) -> None:
    said = refused(objective={"loss": loss}, training={"gradient_checkpointing": True})
    assert "does not go with gradient checkpointing" in said


@pytest.mark.parametrize(
    ("roles", "loss", "batch"),
    [
        (("anchor", "positive"), "MultipleNegativesRankingLoss", 1),
        (("text", "label"), "BatchAllTripletLoss", 2),
        (("text", "label"), "BatchHardTripletLoss", 7),
        (("sentence1", "sentence2", "score"), "CoSENTLoss", 1),
    ],
)
def test_a_batch_from_which_nothing_can_be_learned_is_refused(roles: tuple[str, ...], loss: str, batch: int) -> None:
    said = refused(roles, objective={"loss": loss}, training={"batch": batch})
    assert f"so that {batch} teach it nothing" in said and "set training.batch to" in said


def facts(tmp_path: Path, roles: tuple[str, ...], labels: tuple[str, ...] = (), box: Any = None) -> Facts:
    """Four thousand rows with columns named after their roles, for a small encoder."""
    columns = tuple(
        Column(role, "text", 0, len(labels) if labels and role == "label" else 4000, 80, 300, labels or ("a text",))
        for role in roles
    )
    suit = Suit("embed", {role: role for role in roles}, "named so")
    rows = DataFacts("rows.jsonl", "jsonl", 1.0, "", 4000, columns, (suit,), Lengths(200, 180, 400, 500, 900), (), ())
    return Facts(box or machine(), model(tmp_path / "minilm", MINILM, sentences=256), rows)


def advised(known: Facts, **answers: Any) -> Plan:
    assert known.model is not None
    return recommend({"goal": "embed", "model": {"id": known.model.id}, **answers}, known)


@pytest.mark.parametrize(("shape", "loss"), CELLS, ids=[f"{shape.name}-{loss}" for shape, loss in CELLS])
def test_the_guide_fills_in_every_field_of_every_loss_and_says_why(shape: Any, loss: str, tmp_path: Path) -> None:
    plan = advised(facts(tmp_path, roles_of(shape)), objective={"loss": loss})
    run = plan.run
    assert isinstance(run, EmbedRun) and run.objective.loss == loss
    fields = {name for name, _ in leaves(plain(run)) if name.startswith("objective.")}
    assert fields <= plan.reasons.keys()
    assert all(plan.reasons[name].strip() and "{" not in plan.reasons[name] for name in fields)
    assert "auto" not in [value for _, value in leaves(plain(run))]
    assert run.objective.matryoshka == ((384, 256, 128, 64, 32) if losses()[loss].matryoshka else ())
    assert run.objective.scale == losses()[loss].scale
    assert run.training.batch >= losses()[loss].least
    used = {"margin", "distance", "positive_margin", "mini_batch", "guide", "deletion", "scale"}
    unused = {name for name in used if "does not use it" in plan.reasons[f"objective.{name}"]}
    assert "mini_batch" not in unused if losses()[loss].cached else "mini_batch" in unused
    assert "guide" not in unused if losses()[loss].guide else "guide" in unused


@pytest.mark.parametrize(
    ("roles", "labels", "loss"),
    [
        (("anchor", "positive"), (), "MultipleNegativesRankingLoss"),
        (("anchor", "positive", "negative"), (), "MultipleNegativesRankingLoss"),
        (("sentence1", "sentence2", "score"), (), "CoSENTLoss"),
        (("sentence1", "sentence2", "label"), ("0", "1"), "OnlineContrastiveLoss"),
        (("sentence1", "sentence2", "label"), ("True", "False"), "OnlineContrastiveLoss"),
        (("sentence1", "sentence2", "label"), ("entailment", "neutral", "contradiction"), "SoftmaxLoss"),
        (("sentence1", "sentence2", "label"), ("yes", "no"), "SoftmaxLoss"),
        (("text", "label"), ("a", "b", "c"), "BatchAllTripletLoss"),
        (("text",), (), "ContrastiveTensionLossInBatchNegatives"),
        (("damaged", "original"), (), "DenoisingAutoEncoderLoss"),
    ],
)
def test_the_rows_choose_the_loss(roles: tuple[str, ...], labels: tuple[str, ...], loss: str, tmp_path: Path) -> None:
    plan = advised(facts(tmp_path, roles, labels))
    assert isinstance(plan.run, EmbedRun) and plan.run.objective.loss == loss
    assert losses()[loss].why in plan.reasons["objective.loss"]


def test_accumulation_is_no_larger_batch_and_the_cached_loss_is_named(tmp_path: Path) -> None:
    known = facts(tmp_path, ("anchor", "positive"))
    plan = advised(known, training={"batch": 8, "accumulate": 16})
    said = [text for text in plan.warnings if "adds no wrong answers" in text]
    assert len(said) == 1
    assert "CachedMultipleNegativesRankingLoss compares 128 rows" in said[0] and "#2916" in said[0]
    cached = {"loss": "CachedMultipleNegativesRankingLoss"}
    for answers in ({"training": {"batch": 8, "accumulate": 1}}, {"training": {"accumulate": 4}, "objective": cached}):
        assert not [text for text in advised(known, **answers).warnings if "adds no wrong answers" in text]


def test_a_cached_loss_is_given_the_large_batch_that_it_is_for(tmp_path: Path) -> None:
    known = facts(tmp_path, ("anchor", "positive"))
    plan = advised(known, objective={"loss": "CachedMultipleNegativesRankingLoss"})
    assert (plan.run.training.batch, plan.run.training.accumulate) == (256, 1)
    assert "256 rows are compared at once, 32 of them on the device" in plan.reasons["training.batch"]
    plain_loss = advised(known)
    assert plain_loss.run.training.batch < 256


@pytest.mark.parametrize("box", [machine(T4), machine(TINY_CARD), machine(ram_gib=2)])
def test_little_memory_never_leads_to_a_batch_from_which_nothing_is_learned(box: Any, tmp_path: Path) -> None:
    for shape in shapes():
        plan = advised(facts(tmp_path, roles_of(shape), box=box))
        assert document.check(plain(plan.run)) == plan.run
    cached = advised(facts(tmp_path, ("anchor", "positive"), box=box), objective={"loss": "CachedGISTEmbedLoss"})
    assert cached.run.training.gradient_checkpointing is False
