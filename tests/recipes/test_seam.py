"""The worker adds nothing to a training: once for every recipe and kernel, the bare script gives the same numbers.

What the cells have in common (the worker's callbacks, its signals, its journal) is the same for every method and loss;
these train in the other tests through the worker alone.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from engine import document
from engine.assembly import RECIPES
from tests import imitation, preferences, reinforcements
from tests.forge import check_seam, create, tried
from tests.recipes import embed_rows, test_baseline, test_classify, test_retention
from tests.recipes.methods import cell
from tests.tiny import labelled, pairs, talks, write_rows

pytestmark = pytest.mark.slow

LETTERS = """
def pay(prompts, completions, **columns):
    return [float(text.count("e")) for text in completions]
"""
ASKED = {"prompt": "prompt", "completion": "completion"}
Models = dict[str, Path]
Cell = Callable[[Models, Path], dict[str, Any]]


def imitate(method: str = "lora", model: str = "llama", **sections: Any) -> Cell:
    """A run that imitates answers."""

    def described(models: Models, folder: Path) -> dict[str, Any]:
        kind = {"kind": "seq2seq"} if model == "t5" else {}
        data = {"train": str(write_rows(folder / "talks.jsonl", talks(20))), "columns": ASKED}
        return imitation.described("sft", method, models[model], folder, data, model=kind, **sections)

    return described


def plain(models: Models, folder: Path) -> dict[str, Any]:
    """A run whose rows were all looked at, and are many enough to be drawn."""
    data = {"train": str(write_rows(folder / "talks.jsonl", talks(60))), "columns": ASKED}
    data |= {"split": "content", "empty_rows": "refuse", "test_fraction": 0.2}
    return imitation.described("sft", "lora", models["llama"], folder, data)


def read_on_and_keep(models: Models, folder: Path) -> dict[str, Any]:
    run = read_on(models, folder)
    kept = [{"text": f"the old story {number} of house {number * 3}"} for number in range(12)]
    run["data"] |= {"keep": str(write_rows(folder / "old.jsonl", kept)), "keep_rows": 8}
    return run | {"retention": {"kind": "replay"}}


def read_on(models: Models, folder: Path) -> dict[str, Any]:
    rows = [{"text": f"{row['prompt']} {row['completion']} " * 4} for row in talks(24)]
    data = {"train": str(write_rows(folder / "texts.jsonl", rows)), "columns": {"text": "text"}}
    return imitation.described("pretrain", "lora", models["llama"], folder, data)


def judge(loss: str, rows: Callable[[], list[dict[str, Any]]] = preferences.choices, **objective: Any) -> Cell:
    """A run over preferences."""
    return lambda models, folder: preferences.described(
        "prefer", "lora", models["llama"], folder, rows(), objective={"loss": loss, **objective}
    )


def own_answers(models: Models, folder: Path) -> dict[str, Any]:
    rows = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in preferences.choices()]
    data = {"answer_tokens": 6, "temperature": 1.0}
    return preferences.described("prefer", "lora", models["llama"], folder, rows, data=data)


def judged_answers(models: Models, folder: Path) -> dict[str, Any]:
    rows = [{"prompt": row["prompt"]} for row in preferences.choices(24)]
    objective = {"reward": {"function": reinforcements.reward_file(folder, LETTERS)}, "trust_reward_code": True}
    data = {"tries": 3, "answer_tokens": 6}
    return preferences.described("prefer", "lora", models["llama"], folder, rows, data=data, objective=objective)


def reward(models: Models, folder: Path) -> dict[str, Any]:
    return preferences.described("reward", "lora", models["llama"], folder, preferences.choices())


def reinforce(algorithm: str) -> Cell:
    """A run that earns a reward."""
    return lambda models, folder: reinforcements.described(algorithm, "lora", models["llama"], folder)


def distill(imitated: str) -> Cell:
    """A run that learns from a wider model."""

    def described(models: Models, folder: Path) -> dict[str, Any]:
        rows = talks(24) if imitated == "logits" else [{"prompt": row["prompt"]} for row in talks(24)]
        data = {"train": str(write_rows(folder / "talks.jsonl", rows)), "columns": {name: name for name in rows[0]}}
        run = imitation.described("distill", "full", models["llama"], folder, data)
        run["objective"] |= {"teacher": str(models["master"]), "imitate": imitated}
        run["objective"] |= {"answer_tokens": 6} if imitated == "text" else {}
        return run

    return described


def embed(shape: str, loss: str) -> Cell:
    """A run of an embedding model."""
    return lambda models, folder: embed_rows.described(shape, loss, models["bert"], folder)


def classify(method: str) -> Cell:
    """A run of a classifier."""
    return lambda models, folder: test_classify.described(method, models["bert"], folder)


def baseline(rows: Callable[[], list[dict[str, Any]]], columns: dict[str, str], model: str = "llama") -> Cell:
    """A measurement of an untouched model."""
    kind = "encoder" if model == "bert" else "causal"
    more = {} if columns is test_baseline.SEARCHED else {"objective": {"shots": 1}}
    return lambda models, folder: test_baseline.described(rows(), columns, models[model], folder, kind, **more)


def guarded(kind: str) -> Cell:
    """A run that keeps what its model knew."""
    return lambda models, folder: test_retention.described(models["llama"], folder, kind, epochs=1)


CELLS: dict[str, Cell] = {
    "sft": imitate(),
    "sft plain": plain,
    "sft plain kernel": imitate(training={"loss_kernel": "plain", "accumulate": 2}),
    "sft packed weights": imitate("qlora"),
    "sft virtual tokens": lambda models, folder: cell("prefix", "sft", models["llama"], folder, epochs=1),
    "sft pairs": imitate(model="t5"),
    "pretrain": read_on,
    "pretrain_keep": read_on_and_keep,
    "prefer": judge("sigmoid"),
    "prefer own answers": own_answers,
    "prefer judged answers": judged_answers,
    "prefer cpo": judge("cpo"),
    "prefer orpo": judge("orpo"),
    "prefer kto": judge("kto", preferences.verdicts),
    "reward": reward,
    "reinforce ppo": reinforce("ppo"),
    "reinforce rloo": reinforce("rloo"),
    "reinforce grpo": reinforce("grpo"),
    "distill_logits": distill("logits"),
    "distill_text": distill("text"),
    "embed": embed("pairs", "MultipleNegativesRankingLoss"),
    "embed cached": embed("pairs", "CachedMultipleNegativesRankingLoss"),
    "embed decoder": embed("texts", "DenoisingAutoEncoderLoss"),
    "classify": classify("lora"),
    "classify_head": classify("head"),
    "baseline_answers": baseline(talks, ASKED),
    "baseline_classes": baseline(lambda: labelled(40), test_baseline.LABELLED),
    "baseline_nearest": baseline(labelled, test_baseline.LABELLED, "bert"),
    "baseline_search": baseline(pairs, test_baseline.SEARCHED, "bert"),
    "sft_tasks replay": guarded("replay"),
    "sft_tasks ewc": guarded("ewc"),
    "sft_tasks si": guarded("si"),
    "sft_tasks distill": guarded("distill"),
}
"""Every recipe by its name, and what else computes by itself: kernels, packed weights, answers that are drawn, guards."""


def cells(names: Iterable[str]) -> list[Any]:
    """The names of the cells; those with a teacher run where it is taught."""
    taught = pytest.mark.xdist_group("distill")
    return [pytest.param(name, marks=taught) if name.startswith("distill_") else name for name in names]


@pytest.mark.parametrize("name", cells(CELLS))
def test_the_bare_script_gives_the_numbers_of_the_worker(name: str, request: Any, tmp_path: Path) -> None:
    needed = ("llama", "bert", "t5", *(("master",) if name.startswith("distill_") else ()))
    run = CELLS[name]({model: request.getfixturevalue(model) for model in needed}, tmp_path)
    assert document.check(run).recipe() == name.split()[0]
    check_seam(run, tmp_path, (1, 3) if name in ("reinforce rloo", "reinforce grpo") else ())


TRIED = (
    *("sft", "sft plain", "sft pairs", "pretrain", "prefer", "prefer kto", "reward", "reinforce ppo", "reinforce grpo"),
    *("distill_logits", "embed", "classify", "classify_head"),
)
"""A cell for every way in which rows are read and steps are counted."""


@pytest.mark.parametrize("name", cells(TRIED))
def test_a_smoke_test_takes_two_steps_beside_the_output(name: str, request: Any, tmp_path: Path) -> None:
    needed = ("llama", "bert", "t5", *(("master",) if name.startswith("distill_") else ()))
    folder = create(CELLS[name]({model: request.getfixturevalue(model) for model in needed}, tmp_path), tmp_path)
    earlier = folder / "output-smoke" / "checkpoint-7"
    earlier.mkdir(parents=True)
    dropped = (folder / "dropped.jsonl").read_bytes() if (folder / "dropped.jsonl").exists() else None
    assert tried(folder)["metrics"]
    assert [path.name for path in (folder / "output-smoke").glob("checkpoint-*")] == ["checkpoint-2"]
    assert not list((folder / "output").iterdir())
    assert ((folder / "dropped.jsonl").read_bytes() if (folder / "dropped.jsonl").exists() else None) == dropped


def test_every_recipe_has_its_cell() -> None:
    recipes = {path.stem for path in RECIPES.glob("*.py")} - {"__init__"}
    assert recipes == {name.split()[0] for name in CELLS}
