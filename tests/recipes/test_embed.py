"""Every loss of an embedding model with every shape of rows that it takes: trained, saved, resumed."""

import math
import runpy
import shutil

import pytest
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.losses import losses
from tests.forge import check_cell, forge, refused, resumed
from tests.recipes.embed_rows import CELLS, SHAPES, SIZES, described
from tests.training import curves, whole_script

pytestmark = pytest.mark.slow

SAVED = [next(cell for cell in CELLS if cell[0] == shape) for shape in SHAPES if shape != "related"]


def metrics(known):
    """What a run measured before and after, by name."""
    return {row["name"]: row for row in known.finished["results"]["metrics"]}


def script_of(folder, monkeypatch):
    """What a run's script defines, in this process."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return runpy.run_path(str(whole_script(folder)), run_name="script")


@pytest.mark.parametrize(("shape", "loss"), CELLS)
def test_a_loss_trains_with_every_shape_that_it_takes(shape, loss, bert, tmp_path, monkeypatch):
    silent = (1, 2, 3, 4) if loss == "OnlineContrastiveLoss" else ()  # a batch without a hard pair teaches it nothing
    folder, known = check_cell(described(shape, loss, bert, tmp_path), tmp_path, silent=silent)
    series = [value for _, value in curves(known)["loss"]]
    assert len(series) == 4
    assert any(series)
    assert all(math.isfinite(value) and abs(value - math.log(2)) > 1e-4 for value in series)
    results = known.finished["results"]
    assert 0 < results["trainable"] < results["parameters"] / 4
    assert results["train_rows"] + results["test_rows"] == 48
    measured = metrics(known)
    sizes = SIZES if losses()[loss].matryoshka else SIZES[:1]
    named = {int(name.split("_")[1]) for name in measured if name.startswith("dim_")}
    assert named == (set() if shape == "related" else set(sizes))
    for name in measured:
        evaluated = curves(known)[f"eval {'eval_' if name == 'eval_loss' else ''}{name.removeprefix('eval_')}"]
        assert [step for step, _ in evaluated] == [0, 2, 4], name
    if (shape, loss) in SAVED:
        check_saved(folder, known, monkeypatch)
    if losses()[loss].own:
        check_goes_on(folder, known, tmp_path)


def check_saved(folder, known, monkeypatch):
    """The saved model measures what was reported."""
    script = script_of(folder, monkeypatch)
    saved = SentenceTransformer(known.finished["results"]["model_folder"], device="cpu")
    again = script["make_evaluator"](script["embedding_rows"](), script["sizes"](), nn.Identity())(saved)
    assert again
    for name, value in again.items():
        assert metrics(known)[name]["tuned"] == pytest.approx(value, abs=1e-6)
    assert not list((folder / "output" / "model").rglob("loss"))


def check_goes_on(folder, known, tmp_path):
    """A loss with weights of its own goes on where it was."""
    results = resumed(folder, tmp_path / "alone", 2)
    assert results["metrics"] == known.finished["results"]["metrics"]
    own = [load_file(folder / "output" / f"checkpoint-{step}" / "loss" / "weights.safetensors") for step in (2, 4)]
    assert own[0].keys() == own[1].keys()
    assert any(not own[0][name].equal(own[1][name]) for name in own[0])
    for name in own[0]:
        kept = load_file(tmp_path / "alone" / "output" / "checkpoint-4" / "loss" / "weights.safetensors")
        assert kept[name].equal(own[1][name]), name


def test_a_checkpoint_whose_own_weights_are_cut_off_is_not_taken(bert, tmp_path):
    folder, known = forge(described("related", "SoftmaxLoss", bert, tmp_path), tmp_path / "runs")
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    weights = cut / "output" / "checkpoint-4" / "loss" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    shutil.move(cut / "output" / "checkpoint-4", cut / "output" / "checkpoint-9")
    assert resumed(cut, tmp_path / "alone", 2)["metrics"] == known.finished["results"]["metrics"]


@pytest.mark.parametrize("method", ["full", "layers", "bottleneck", "ia3"])
@pytest.mark.parametrize(
    ("shape", "loss"), [("damaged", "DenoisingAutoEncoderLoss"), ("texts", "ContrastiveTensionLossInBatchNegatives")]
)
def test_a_loss_that_rebuilds_the_model_goes_with_every_method(shape, loss, method, bert, tmp_path):
    fields = {"layers": {"last": 1}, "bottleneck": {"size": 8}}.get(method, {})
    values = described(shape, loss, bert, tmp_path)
    values["method"] = {"kind": method, **fields}
    _, known = forge(values, tmp_path / "runs")
    assert known.finished["results"]["trainable"] > 0


@pytest.mark.parametrize("loss", ["SoftmaxLoss", "DenoisingAutoEncoderLoss", "ContrastiveTensionLossInBatchNegatives"])
@pytest.mark.parametrize("dtype", ["bf16", "fp32"])
def test_a_loss_with_weights_of_its_own_computes_in_bf16_too(loss, dtype, bert, tmp_path):
    shape = next(shape for shape, name in CELLS if name == loss)
    values = described(shape, loss, bert, tmp_path, model={"dtype": dtype}, training={"precision": "bf16"})
    _, known = forge(values, tmp_path / "runs")
    assert all(math.isfinite(value) for _, value in curves(known)["loss"])


@pytest.mark.parametrize(
    ("shape", "loss"), [("pairs", "GISTEmbedLoss"), ("texts", "DenoisingAutoEncoderLoss"), ("scored", "CoSENTLoss")]
)
def test_a_run_goes_on_from_the_result_of_another(shape, loss, bert, tmp_path):
    """The adapter of the first run is merged into the base, which is also what a guide and a decoder are made of."""
    first, _ = forge(described("pairs", "MultipleNegativesRankingLoss", bert, tmp_path), tmp_path / "runs")
    base = first / "output" / "model"
    _, known = forge(described(shape, loss, base, tmp_path, model={"weights": "adapter"}), tmp_path / "runs")
    assert len(curves(known)["loss"]) == 4
    saved = SentenceTransformer(known.finished["results"]["model_folder"], device="cpu")
    assert saved.encode("a door").shape == (64,)


def test_what_is_wrong_is_said_before_any_weights_are_loaded(bert, tmp_path):
    values = described("pairs", "MultipleNegativesRankingLoss", bert, tmp_path, objective={"matryoshka": [32, 16]})
    failed = refused(values, tmp_path / "runs")
    assert "begin with the model's own width, which is 64" in failed["message"]
    journal = next((tmp_path / "runs").glob("*/events.jsonl")).read_text()
    assert '"data"' in journal
    assert '"model"' not in journal
