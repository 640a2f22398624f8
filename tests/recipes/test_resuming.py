"""Going on from a checkpoint: only from a whole one, with the best one that it knows, and never a step too many."""

import json
import os
import shutil
from types import SimpleNamespace

import pytest
from transformers import TrainerState

from engine.recipes.parts.training import checkpoints
from engine.worker.manifest import read_manifest, write_manifest
from engine.worker.resuming import Checkpoints, files_of
from tests.forge import forge, losses, rerun, resumed, trained
from tests.reinforcements import described as reinforced
from tests.training import values

FILES = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "config.json", "model.safetensors", "trainer_state.json")
MADE_FROM = {"script": "", "settings": {}, "data": {}}


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "output", lambda: tmp_path / "output")
    (tmp_path / "output").mkdir()
    (tmp_path / "train.py").write_text("BATCH: int = 4\n")
    return tmp_path / "output"


@pytest.fixture
def worker(output):
    """What looks after the checkpoints of a run, and remembers what it said."""
    script = SimpleNamespace(__file__=str(output.parent / "train.py"), BATCH=4, __annotations__={"BATCH": int})
    said = []
    found = Checkpoints(script, lambda code, message, advice: said.append(f"{code}: {message}; {advice}"))
    found.said = said
    return found


def saved(output, step, best=None, hashed=True):
    """A checkpoint as a trainer and a script leave it, with the hashes of a worker."""
    folder = output / f"checkpoint-{step}"
    (folder / "loss").mkdir(parents=True)
    for name in (*FILES, "loss/weights.safetensors"):
        (folder / name).write_bytes(f"{name} of {step}".encode() * 9)
    state = {"best_model_checkpoint": f"/elsewhere/checkpoint-{best}" if best else None, "global_step": step}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    known = TrainerState(global_step=step, best_model_checkpoint=str(output / f"checkpoint-{best}"))
    checkpoints.CheckpointMarker().on_save(None, known, None)
    if hashed:
        write_manifest(folder, MADE_FROM)
    return folder


def kept(output):
    return sorted(path.name for path in output.iterdir())


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
@pytest.mark.parametrize("name", [*FILES, "loss/weights.safetensors", "complete.json"])
def test_a_damaged_checkpoint_is_set_aside_and_the_older_one_is_used(name, damage, output, worker):
    older, newest = saved(output, 4), saved(output, 8)
    worker.set_damaged_aside()
    assert checkpoints.newest_checkpoint() == newest and worker.said == []
    damage(newest / name)
    worker.set_damaged_aside()
    assert kept(output) == ["checkpoint-4", "damaged-checkpoint-8"]
    assert (output / "damaged-checkpoint-8" / "loss").is_dir()
    [said] = worker.said
    assert "can't go on from checkpoint-8: " in said and name in said and "kept as damaged-checkpoint-8" in said
    assert checkpoints.newest_checkpoint() == older


@pytest.mark.parametrize("damage", [cut, empty, noise, directory, pipe])
def test_a_manifest_that_can_not_be_read_proves_nothing(damage, output, worker):
    saved(output, 4)
    damage(saved(output, 8) / "manifest.json")
    worker.set_damaged_aside()
    assert kept(output) == ["checkpoint-4", "damaged-checkpoint-8"]


@pytest.mark.parametrize("damage", [cut, empty, missing, directory])
@pytest.mark.parametrize("name", [*FILES, "loss/weights.safetensors", "complete.json"])
def test_a_script_alone_goes_on_from_the_newest_checkpoint_that_has_all_its_files(name, damage, output, capsys):
    older, newest = saved(output, 4, hashed=False), saved(output, 8, hashed=False)
    assert checkpoints.newest_checkpoint() == newest
    damage(newest / name)
    assert checkpoints.newest_checkpoint() == older
    assert kept(output) == ["checkpoint-4", "damaged-checkpoint-8"]
    assert "checkpoint-8 is not whole" in capsys.readouterr().out
    missing(older / name) if damage is not missing else empty(older / name)
    assert checkpoints.newest_checkpoint() is None


@pytest.mark.parametrize("damage", [cut, empty, noise, missing, directory])
@pytest.mark.parametrize("name", FILES)
def test_where_no_checkpoint_is_whole_it_says_so_once_and_begins_anew_then(name, damage, output, worker):
    damage(saved(output, 4) / name)
    with pytest.raises(RuntimeError, match="no checkpoint is whole any more"):
        worker.set_damaged_aside()
    assert kept(output) == ["damaged-checkpoint-4"]
    worker.set_damaged_aside()
    assert checkpoints.newest_checkpoint() is None


def test_a_checkpoint_that_a_kill_left_unfinished_is_no_damage(output, worker):
    unmarked, unfinished = (saved(output, step, hashed=False) for step in (4, 8))
    for checkpoint in (unmarked, unfinished):
        missing(checkpoint / "complete.json")
    missing(unfinished / "trainer_state.json")
    worker.set_damaged_aside()
    assert kept(output) == ["damaged-checkpoint-4"]
    assert "it was not written to its end" in worker.said[0]


def test_a_kill_before_the_hashes_are_written_costs_nothing(output, worker):
    saved(output, 4)
    newest = saved(output, 8, hashed=False)
    worker.set_damaged_aside()
    assert worker.said == [] and checkpoints.newest_checkpoint() == newest


def test_a_checkpoint_that_is_saved_twice_is_whole(output, worker):
    newest = saved(output, 4)
    checkpoints.CheckpointMarker().on_save(None, TrainerState(global_step=4), None)
    write_manifest(newest, MADE_FROM)
    worker.set_damaged_aside()
    assert checkpoints.newest_checkpoint() == newest


def test_checkpoints_of_a_script_that_marks_none_are_known_by_their_manifest(output, worker):
    """Scripts of earlier versions wrote the manifest themselves."""
    older, newest = saved(output, 4), saved(output, 8)
    for checkpoint in (older, newest):
        missing(checkpoint / "complete.json")
        write_manifest(checkpoint, MADE_FROM)
    worker.set_damaged_aside()
    assert worker.said == []
    noise(newest / "optimizer.pt")
    worker.set_damaged_aside()
    assert "optimizer.pt is damaged" in worker.said[0]


def test_a_checkpoint_whose_best_one_is_damaged_is_not_used_where_an_older_one_is_whole(output, worker):
    oldest = saved(output, 4, best=4)
    best, _ = saved(output, 8, best=8), saved(output, 12, best=8)
    noise(best / "model.safetensors")
    worker.set_damaged_aside()
    assert "checkpoint-8, the best before it, is not whole: model.safetensors is damaged" in worker.said[0]
    assert kept(output) == ["checkpoint-4", "damaged-checkpoint-12", "damaged-checkpoint-8"]
    assert checkpoints.newest_checkpoint() == oldest


def begin(step, **known):
    state = TrainerState(global_step=step, best_metric=1.0, best_global_step=8, **known)
    checkpoints.CheckpointMarker().on_train_begin(None, state, None)
    return state


def test_where_only_the_best_checkpoint_is_gone_the_newest_is_used_without_it(output, worker):
    newest = saved(output, 12, best=8)
    worker.set_damaged_aside()
    assert checkpoints.newest_checkpoint() == newest
    state = begin(12, best_model_checkpoint="x")
    assert state.best_model_checkpoint is state.best_metric is state.best_global_step is None


def test_a_resumed_training_finds_its_best_checkpoint_in_a_moved_folder(output):
    best, _ = saved(output, 8, best=8), saved(output, 12, best=8)
    assert begin(12, best_model_checkpoint=None).best_model_checkpoint == str(best)


def test_a_best_measure_between_two_checkpoints_is_remembered(output):
    saved(output, 12)
    assert begin(12, best_model_checkpoint=None).best_metric == 1.0
    assert begin(0, best_model_checkpoint=None).best_metric == 1.0


def test_the_oldest_goes_when_the_newest_is_whole_whatever_the_clock_says(output):
    best, _, newest = saved(output, 4), saved(output, 8, best=4), saved(output, 12, best=4)
    for file in (newest, *newest.iterdir()):
        os.utime(file, (0, 0))
    (output / "checkpoint-10").mkdir()
    state = TrainerState(global_step=12, best_model_checkpoint=str(best))
    checkpoints.CheckpointMarker().on_save(None, state, None)
    assert kept(output) == ["checkpoint-10", "checkpoint-12", "checkpoint-4"]
    assert set(json.loads((newest / "complete.json").read_text())) == {*FILES, "loss/weights.safetensors"}


def test_the_worker_writes_hashes_beside_the_mark(output, worker):
    newest = saved(output, 4, hashed=False)
    worker.on_save(None, TrainerState(global_step=4), None)
    assert set(read_manifest(newest)["files"]) == {*FILES, "loss/weights.safetensors", "complete.json"}


def test_changed_rows_and_settings_are_told(output, worker, tmp_path):
    rows = tmp_path / "a.jsonl"
    rows.write_text("{}")
    worker.script.TRAIN = str(rows)
    worker.on_train_begin(None, TrainerState(global_step=0), None)
    newest = saved(output, 4, hashed=False)
    worker.on_save(None, TrainerState(global_step=4), None)
    worker.on_train_begin(None, TrainerState(global_step=4), None)
    assert worker.said == []
    assert read_manifest(newest)["made_from"]["data"][str(rows)]["size"] == 2
    rows.write_text("[]")
    worker.script.BATCH, worker.script.TEST = 8, str(tmp_path / "b.jsonl")
    (tmp_path / "b.jsonl").write_text("{}")
    worker.on_train_begin(None, TrainerState(global_step=4), None)
    assert f"changed since checkpoint-4 was saved: BATCH, {rows}, {tmp_path / 'b.jsonl'}" in worker.said[0]


def test_the_files_of_rows_are_found_in_every_form(tmp_path):
    for name in ("rows/a.jsonl", "rows/README.md", "rows/.hidden", "rows/below/b.csv", "c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    folder = tmp_path / "rows"
    assert sorted(files_of(str(folder))) == [folder / "a.jsonl", folder / "below" / "b.csv"]
    assert files_of(str(tmp_path / "*.txt")) == [tmp_path / "c.txt"]
    assert files_of(({"file": str(tmp_path / "c.txt"), "test": ""},)) == [tmp_path / "c.txt"]
    assert files_of("owner/rows_of_the_hub") == files_of("") == files_of(None) == []


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
    trained_weights = weights.read_bytes()
    missing(folder / "output" / "checkpoint-6" / damaged)
    shutil.rmtree(folder / "output" / "model")
    again = rerun(folder)
    assert losses(folder / "output") == before
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert weights.read_bytes() == trained_weights
    assert (folder / "output" / "damaged-checkpoint-6").is_dir()
    assert "checkpoint-6 is not whole" in (folder / "log.txt").read_text()
    missing(folder / "output" / "checkpoint-6" / damaged)
    assert trained(folder).finished["results"]["metrics"] == known.finished["results"]["metrics"]
    assert f"can't go on from checkpoint-6: {damaged} is missing" in (folder / "log.txt").read_text()
    assert weights.read_bytes() == trained_weights


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "beside.pt", "rng_state.pth"])
def test_a_checkpoint_of_our_own_loop_runs_nothing_when_it_is_loaded(name, output, tmp_path):
    import pickle

    import torch
    from torch import nn

    from engine.recipes.parts.loop import Loop

    folder = saved(output, 4)
    TrainerState(max_steps=9).save_to_json(str(folder / "trainer_state.json"))
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
        state=TrainerState(max_steps=9),
        args=SimpleNamespace(device="cpu"),
        optimizer=optimizer,
        scheduler=scheduler,
        beside=weight,
    )
    with pytest.raises(pickle.UnpicklingError):
        Loop.resume(loop, folder)
    assert not (tmp_path / "ran").exists()
