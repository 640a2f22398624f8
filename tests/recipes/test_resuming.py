"""Going on from a checkpoint: only from a whole one, with the best one that it knows, and never a step too many."""

import json
import os
import shutil

import pytest

from engine.recipes.parts import resuming
from engine.recipes.parts.manifest import read_manifest, write_manifest
from tests.forge import forge, losses, rerun, resumed
from tests.reinforcements import described as reinforced
from tests.training import values

FILES = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "config.json", "model.safetensors", "trainer_state.json")


class Heard:
    """A callback that remembers what it was told."""

    def __init__(self):
        self.said = []

    def on_warning(self, code, message, advice):
        self.said.append(f"{code}: {message}; {advice}")


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "output", lambda: tmp_path)
    return tmp_path


def saved(output, step, best=None):
    """A checkpoint as the trainers leave it, with its manifest."""
    folder = output / f"checkpoint-{step}"
    (folder / "loss").mkdir(parents=True)
    for name in (*FILES, "loss/weights.safetensors"):
        (folder / name).write_bytes(f"{name} of {step}".encode() * 9)
    state = {"best_model_checkpoint": f"/elsewhere/checkpoint-{best}" if best else None, "global_step": step}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    write_manifest(folder, {"script": "", "settings": {"EPOCHS": 3.0, "MAX_STEPS": 0}, "data": {}})
    return folder


def cut(file):
    file.write_bytes(file.read_bytes()[:-3])


def empty(file):
    file.write_bytes(b"")


def noise(file):
    file.write_bytes(os.urandom(file.stat().st_size))


def missing(file):
    file.unlink()


def directory(file):
    file.unlink()
    file.mkdir()


def pipe(file):
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("damage", [cut, empty, noise, missing, directory, pipe])
@pytest.mark.parametrize("name", [*FILES, "loss/weights.safetensors", "manifest.json"])
def test_a_damaged_checkpoint_is_set_aside_and_the_older_one_is_used(name, damage, output):
    older, newest = saved(output, 4), saved(output, 8)
    assert resuming.newest_checkpoint([]) == newest
    damage(newest / name)
    heard = Heard()
    assert resuming.newest_checkpoint([heard]) == older
    assert not newest.exists()
    assert (output / "damaged-checkpoint-8" / "loss").is_dir()
    assert len(heard.said) == 1
    assert "can't go on from checkpoint-8: " in heard.said[0]
    assert name in heard.said[0] or name == "manifest.json"
    assert "kept as damaged-checkpoint-8" in heard.said[0]


@pytest.mark.parametrize("damage", [cut, empty, noise, missing, directory])
@pytest.mark.parametrize("name", FILES)
def test_where_no_checkpoint_is_whole_it_says_so_once_and_begins_anew_then(name, damage, output):
    damage(saved(output, 4) / name)
    with pytest.raises(RuntimeError, match="no checkpoint is whole any more"):
        resuming.newest_checkpoint([])
    assert (output / "damaged-checkpoint-4").is_dir()
    assert resuming.newest_checkpoint([]) is None


def test_a_checkpoint_that_a_kill_left_unfinished_is_no_damage(output):
    missing(saved(output, 4) / "manifest.json")
    unfinished = saved(output, 8)
    missing(unfinished / "manifest.json")
    missing(unfinished / "trainer_state.json")
    heard = Heard()
    assert resuming.newest_checkpoint([heard]) is None
    assert [path.name for path in output.iterdir()] == ["damaged-checkpoint-4"]
    assert "it was not written to its end" in heard.said[0]


def test_a_checkpoint_whose_best_one_is_damaged_is_not_used_where_an_older_one_is_whole(output):
    oldest = saved(output, 4, best=4)
    noise(saved(output, 8, best=8) / "model.safetensors")
    saved(output, 12, best=8)
    heard = Heard()
    assert resuming.newest_checkpoint([heard]) == oldest
    assert "checkpoint-8, the best before it, is not whole: model.safetensors is damaged" in heard.said[0]
    assert sorted(path.name for path in output.iterdir()) == [
        "checkpoint-4",
        "damaged-checkpoint-12",
        "damaged-checkpoint-8",
    ]


def test_where_only_the_best_checkpoint_is_gone_the_newest_is_used_without_it(output):
    newest = saved(output, 12, best=8)
    assert resuming.newest_checkpoint([]) == newest
    state = resuming.TrainerState(best_model_checkpoint="x", best_metric=1.0, best_global_step=8)
    resuming.CheckpointKeeper({}, newest).on_train_begin(None, state, None)
    assert state.best_model_checkpoint is state.best_metric is state.best_global_step is None


def test_a_resumed_training_finds_its_best_checkpoint_in_a_moved_folder(output):
    best, newest = saved(output, 4, best=4), saved(output, 8, best=4)
    state = resuming.TrainerState(best_model_checkpoint=None, best_metric=1.0, best_global_step=4)
    resuming.CheckpointKeeper({}, newest).on_train_begin(None, state, None)
    assert state.best_model_checkpoint == str(best)


def test_the_oldest_goes_when_the_newest_is_whole_whatever_the_clock_says(output, monkeypatch):
    monkeypatch.setattr(resuming, "KEEP_CHECKPOINTS", 1)
    best, _, newest = saved(output, 4), saved(output, 8), saved(output, 12)
    missing(newest / "manifest.json")
    for file in (newest, *newest.iterdir()):
        os.utime(file, (0, 0))
    state = resuming.TrainerState(best_model_checkpoint=str(best))
    resuming.CheckpointKeeper({"data": {}}, None).on_save(None, state, None)
    assert {path.name for path in output.iterdir()} == {"checkpoint-4", "checkpoint-12"}
    assert set(read_manifest(newest)["files"]) == {*FILES, "loss/weights.safetensors"}


def test_changed_rows_and_settings_are_told(output):
    newest = saved(output, 4)
    write_manifest(
        newest, {"script": "a", "settings": {"BATCH": 4, "TASKS": ("x",)}, "data": {"a.jsonl": {"sha256": "1"}}}
    )
    heard = Heard()
    same = {"settings": {"BATCH": 4, "TASKS": ("x",)}, "data": {"a.jsonl": {"sha256": "1"}}}
    resuming.tell_changes(newest, same, [heard])
    assert heard.said == []
    resuming.tell_changes(
        newest,
        {"settings": {"BATCH": 8, "TASKS": ("x",)}, "data": {"a.jsonl": {"sha256": "2"}, "b.jsonl": {"sha256": "3"}}},
        [heard],
    )
    assert "changed since checkpoint-4 was saved: BATCH, a.jsonl, b.jsonl" in heard.said[0]


FAMILIES = {
    "sft": lambda request, folder: values("sft", "lora", request.getfixturevalue("llama"), folder),
    "embed": lambda request, folder: values("embed", "full", request.getfixturevalue("bert"), folder),
    "ppo": lambda request, folder: reinforced("ppo", "lora", request.getfixturevalue("llama"), folder),
    "grpo": lambda request, folder: reinforced("grpo", "lora", request.getfixturevalue("llama"), folder),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_where_nothing_is_left_to_train_it_goes_straight_to_the_end(family, request, tmp_path):
    run = FAMILIES[family](request, tmp_path)
    run["training"].update(max_steps=3, epochs=1, evaluate_every=1, save_every=1, batch=8)
    folder, known = forge(run, tmp_path / "runs")
    assert known.checkpoints[-1]["step"] == 3
    again = resumed(folder, tmp_path / "alone", 3)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert again["best_step"] == known.finished["results"]["best_step"]
    assert again["samples"] == known.finished["results"]["samples"]
    at = [each / "output" / "model" for each in (folder, tmp_path / "alone")]
    weights = [file.name for file in at[0].glob("*.safetensors")]
    assert weights
    assert all((at[0] / name).read_bytes() == (at[1] / name).read_bytes() for name in weights)
    assert not (tmp_path / "alone" / "output" / "checkpoint-4").exists()


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["scheduler.pt", "adapter_config.json"])
def test_a_training_falls_back_to_the_older_checkpoint_and_gives_the_same_losses(damaged, llama, tmp_path):
    folder, known = forge(
        values("sft", "lora", llama, tmp_path, max_steps=6, evaluate_every=2, save_every=2), tmp_path / "runs"
    )
    before, weights = losses(folder / "output"), folder / "output" / "model" / "adapter_model.safetensors"
    trained = weights.read_bytes()
    missing(folder / "output" / "checkpoint-6" / damaged)
    shutil.rmtree(folder / "output" / "model")
    again = rerun(folder)
    assert losses(folder / "output") == before
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert weights.read_bytes() == trained
    assert (folder / "output" / "damaged-checkpoint-6").is_dir()
    assert f"can't go on from checkpoint-6: {damaged} is missing" in (folder / "log.txt").read_text()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "beside.pt", "rng_state.pth"])
def test_a_checkpoint_of_our_own_loop_runs_nothing_when_it_is_loaded(name, tmp_path):
    import pickle
    from types import SimpleNamespace

    import torch
    from torch import nn

    from engine.recipes.parts.loop import Loop

    folder = saved(tmp_path, 4)
    resuming.TrainerState(max_steps=9).save_to_json(str(folder / "trainer_state.json"))
    weight = nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(weight.parameters())
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    torch.save(scheduler.state_dict(), folder / "scheduler.pt")
    torch.save({"beside": weight.state_dict()}, folder / "beside.pt")
    torch.save(Trap(tmp_path / "ran"), folder / name)
    loop = SimpleNamespace(
        load=lambda folder: None,
        carry=lambda known: None,
        state=resuming.TrainerState(max_steps=9),
        args=SimpleNamespace(device="cpu"),
        optimizer=optimizer,
        scheduler=scheduler,
        beside=weight,
    )
    with pytest.raises(pickle.UnpicklingError):
        Loop.resume(loop, folder)
    assert not (tmp_path / "ran").exists()
