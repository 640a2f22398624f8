"""Our callback in somebody else's script: it shows the trainer to the journal and to every check, and ends nothing."""

import fcntl
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from engine.event import EVENTS, Journal
from engine.worker import hardware
from engine.worker.reporter import Reporter
from engine.worker.stopping import Stop, every
from engine.worker.watchdog.watcher import Watcher

LOCK = "reporter.lock"
HEARTBEAT = 5.0
PATIENCE = 20  # events at which one of our callbacks may fail before it is left out
PAUSE = 0.2  # seconds between two words about an evaluation


class Desk:
    """The one place of a process from which a run is reported; of several processes only one reports at a time."""

    def __init__(self, folder: Path) -> None:
        """Report to the journal in `folder`."""
        self.journal = Journal(folder / EVENTS)
        self.stop = Stop(folder / "control")
        self._lock = (folder / LOCK).open("a+")
        self._held = False
        every(HEARTBEAT, self._beat)

    def _beat(self) -> None:
        if self._held:
            self.journal.write("hardware", gpu=hardware.cards(), rss=hardware.resident())

    def hold(self, processes: int) -> bool:
        """Take the desk unless another process has it; how many processes train stands in the lock."""
        if self._held:
            return True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self._lock.truncate(0)
        self._lock.write(str(processes))
        self._lock.flush()
        self._held = True
        return True

    def release(self) -> None:
        """Let another process report, once this one does not train."""
        if self._held and not self.stop.training:
            self._held = False
            fcntl.flock(self._lock, fcntl.LOCK_UN)


@cache
def desk(folder: str) -> Desk:
    """Return the desk of this process."""
    return Desk(Path(folder))


class Visiting(Reporter):
    """A reporter that is a guest: a stop is asked of the trainer, and what the script does afterwards is its own."""

    spoken = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
        """Turn requests into the trainer's own flags; where several processes train, all would have to agree."""
        if args.world_size > 1:
            self.step = state.global_step
            return control
        if self.stop.take("stop"):
            self._end(control)
        return super().on_step_end(args, state, control, **more)

    def _end(self, control: Any) -> None:
        (self.stop.control / "stopping").touch()
        control.should_save = control.should_training_stop = True

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Note that the script goes on by itself."""
        self.stop.training = False
        self.on_phase("script")

    def on_prediction_step(self, args: Any, state: Any, control: Any, eval_dataloader: Any = None, **more: Any) -> None:
        """Count the batches of an evaluation, without a word for each."""
        if time.monotonic() - self.spoken >= PAUSE:
            self.spoken = time.monotonic()
            super().on_prediction_step(args, state, control, eval_dataloader, **more)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **more: Any) -> Any:
        """Write what was measured, also after the training unless the best model has taken the place of the last."""
        self.begun = self.begun and (self.stop.training or args.load_best_model_at_end)
        control = super().on_evaluate(args, state, control, metrics, **more)
        if self.stop.asked:
            self.stop.asked = False
            self._end(control)
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Write where the checkpoint lies."""
        path = Path(args.output_dir).absolute() / f"checkpoint-{state.global_step}"
        self.journal.write("checkpoint", step=state.global_step, path=str(path))
        self.on_phase("training")


class Guest(TrainerCallback):
    """Passes every event on to reporter and watcher; where one fails, the training never knows."""

    def __init__(self, folder: str) -> None:
        """Report to the run in `folder`."""
        self.desk = desk(folder)
        self.reporter = Visiting(self.desk.journal, self.desk.stop)
        warn = self.reporter.on_warning
        self.watcher = Watcher(lambda found, step: warn(found.code, found.message, found.advice, step))
        self._inner: list[TrainerCallback] = [self.reporter, self.watcher]
        self._failures: Counter[TrainerCallback] = Counter()

    def receive(self, name: str, args: Any, state: Any, control: Any, more: dict[str, Any]) -> None:
        """Pass one event on, in the process that speaks for all."""
        if not state.is_world_process_zero or not self.desk.hold(args.world_size):
            return
        for inner in list(self._inner):
            try:
                getattr(inner, name)(args, state, control, **more)
            except Exception as error:  # noqa: BLE001 - a training goes on, whoever fails to look at it
                self._failed(inner, name, error)
        if name == "on_train_end":
            self.look_back()
        self.desk.release()

    def _failed(self, inner: TrainerCallback, name: str, error: Exception) -> None:
        """Say once that an event can't be read; who fails again and again is left out."""
        self._failures[inner] += 1
        if self._failures[inner] == PATIENCE:
            self._inner.remove(inner)
        elif self._failures[inner] == 1:
            message = f"the {type(inner).__name__.lower()} failed at {name} ({type(error).__name__}: {error})"
            self.reporter.on_warning("not_watched", message, "the training is untouched; please report this")

    def look_back(self) -> None:
        """Say so where no weight has changed."""
        proof = self.watcher.moving.proof
        if proof.get("tensors") and not proof["moved"]:
            what = "no weight that should train has changed from beginning to end"
            self.reporter.on_warning("nothing_moved", what, "see the learning rate; the model is what it was")


def _passed(name: str) -> Callable[..., None]:
    def event(self: Guest, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.receive(name, args, state, control, more)

    return event


for _name in {*vars(Reporter), *vars(Watcher)} & {name for name in vars(TrainerCallback) if name.startswith("on_")}:
    setattr(Guest, _name, _passed(_name))
