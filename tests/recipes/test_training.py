"""Two goals and their first methods: trained through the worker, repeated in a foreign Python, stopped and resumed."""

import json
import shutil
import subprocess

import pytest

from engine import run
from tests.forge import forge, losses
from tests.forge import resumed as resumed_alone
from tests.training import create, curves, foreign_python, logged, train, values, wait

pytestmark = pytest.mark.slow

CELLS = [
    (goal, method)
    for goal, methods in {"sft": ["full", "lora", "qlora", "lora8"], "embed": ["full", "lora"]}.items()
    for method in methods
]
WHOLE = [("sft", "qlora"), ("embed", "lora")]
"""The cells whose script runs in a Python without tunewright, whose process loads the libraries itself."""


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    return foreign_python(tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def model(request, goal):
    return request.getfixturevalue("bert" if goal == "embed" else "llama")


def check_learned(goal, method, folder, known):
    loss = known.metrics["loss"].values
    assert len(loss) == known.begun["max_steps"]
    assert sum(list(loss)[-3:]) < sum(list(loss)[:3])
    results = json.loads((folder / "output" / "results.json").read_text())
    assert results == known.finished["results"]
    assert results["script_sha256"] == known.started["script_sha256"]
    assert (results["trainable"] == results["parameters"]) == (method == "full")
    measured = "eval_loss" if goal == "sft" else "dim_64_cosine_ndcg@10"
    row = next(row for row in results["metrics"] if row["name"] == measured)
    assert row["baseline"] == known.evaluated[measured].values[0]
    assert row["improvement"] > 0


def check_repeated(folder, known, alone, told):
    assert told == dict(zip(known.metrics["loss"].steps, known.metrics["loss"].values, strict=True))
    results, repeated = (json.loads((at / "output" / "results.json").read_text()) for at in (folder, alone))
    assert repeated["metrics"] == results["metrics"]
    assert repeated["samples"] == results["samples"]


@pytest.mark.parametrize(("goal", "method"), WHOLE)
@pytest.mark.usefixtures("loaded_python")
def test_a_run_learns_and_the_bare_script_gives_the_same_losses_in_a_foreign_python(
    goal, method, model, tmp_path, foreign
):
    folder, known = train(values(goal, method, model, tmp_path), tmp_path / "runs")
    check_learned(goal, method, folder, known)

    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(folder / "train.py", alone)
    python, environment = foreign
    done = subprocess.run([python, "train.py"], cwd=alone, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    told = {entry["step"]: entry["loss"] for entry in logged(alone / "output") if "loss" in entry}
    check_repeated(folder, known, alone, told)


@pytest.mark.parametrize(("goal", "method"), [cell for cell in CELLS if cell not in WHOLE])
def test_a_run_learns_and_its_script_goes_on_from_a_checkpoint_to_the_same_losses(goal, method, model, tmp_path):
    folder, known = forge(values(goal, method, model, tmp_path, keep_checkpoints=9), tmp_path / "runs")
    check_learned(goal, method, folder, known)
    first = known.checkpoints[0]["step"]
    assert first < known.step
    repeated = resumed_alone(folder, tmp_path / "later", first)
    assert losses(tmp_path / "later" / "output") == dict(curves(known)["loss"])
    assert repeated["metrics"] == known.finished["results"]["metrics"]


@pytest.mark.parametrize(("goal", "method"), WHOLE)
@pytest.mark.usefixtures("loaded_python")
def test_a_run_that_was_stopped_and_resumed_equals_the_unbroken_one(goal, method, model, tmp_path):
    described = values(goal, method, model, tmp_path, epochs=8)
    _, unbroken = forge(described, tmp_path / "unbroken")

    folder = create(described, tmp_path / "broken")
    run.launch(folder)
    wait(folder, until=lambda known: known.step >= 3)
    run.stop(folder)
    stopped = wait(folder)
    assert stopped.finished["status"] == "stopped"
    assert run.state(folder, stopped) == "stopped"
    at = stopped.step
    assert at < unbroken.step
    assert stopped.checkpoints[-1]["step"] == at
    assert not (folder / "output" / "results.json").exists()

    run.resume(folder)
    resumed = wait(folder)
    assert resumed.begun["from_step"] == at
    assert curves(resumed)["loss"] == curves(unbroken)["loss"]
    whole = curves(unbroken)
    for name, points in curves(resumed).items():
        assert points == whole[name], name
    assert resumed.finished["results"]["metrics"] == unbroken.finished["results"]["metrics"]


def test_the_saved_search_model_has_its_prompts_and_scores_what_was_reported(bert, tmp_path, monkeypatch):
    from sentence_transformers import SentenceTransformer

    from engine.recipes.parts import rows
    from engine.recipes.parts.data.split import filled as split
    from engine.recipes.parts.retrieval import Retrieval

    described = values("embed", "lora", bert, tmp_path)
    described["objective"] |= {"query_prompt": "ask: ", "document_prompt": "say: "}
    folder, known = forge(described, tmp_path / "runs")
    saved = SentenceTransformer(known.finished["results"]["model_folder"], device="cpu")
    assert saved.prompts == {"query": "ask: ", "document": "say: "}
    assert saved.max_seq_length == 64
    for name, value in {
        "TRAIN": described["data"]["train"],
        "COLUMNS": described["data"]["columns"],
    }.items():
        monkeypatch.setattr(rows, name, value)
    monkeypatch.setattr(split, "TEST_FRACTION", 0.2)
    again = Retrieval(*rows.read_rows(), (64, 32))(saved)
    for row in known.finished["results"]["metrics"]:
        assert again[row["name"]] == pytest.approx(row["tuned"], abs=1e-6)
    card = (folder / "output" / "model" / "README.md").read_text()
    assert "dim_64_cosine_ndcg@10" in card
    assert not list((folder / "output" / "model").glob("**/*.bin"))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_saved_language_model_answers_as_it_was_reported(method, llama, tmp_path):
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from engine.recipes.parts import samples

    described = values("sft", method, llama, tmp_path)
    folder, known = forge(described, tmp_path / "runs")
    results = known.finished["results"]
    loader = AutoModelForCausalLM if method == "full" else AutoPeftModelForCausalLM
    saved, tokenizer = (
        loader.from_pretrained(results["model_folder"]),
        AutoTokenizer.from_pretrained(results["model_folder"]),
    )
    assert tokenizer.chat_template.startswith("{{ bos_token")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": results["samples"][0]["prompt"]}], add_generation_prompt=True, return_dict=False
    )
    samples.MAX_NEW_TOKENS = 8
    assert samples.answers(saved, tokenizer, [asked]) == [results["samples"][0]["tuned"]]
    assert "eval_loss" in (folder / "output" / "model" / "README.md").read_text()
