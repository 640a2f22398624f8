"""Runs a script's own `main` up to where its training would begin, and gives what it would have trained with."""

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from transformers import Trainer, TrainerCallback

from engine.worker.phases import mark_phases

Tell = Callable[..., None]
ENOUGH = 1 << 30
"""A longest text that cuts nothing."""
STANDS_FOR = {
    "spoken": "the teacher's answers are not written yet: a mark stands in their place",
    "own_answers": "the model's own answers are not written yet: a mark stands in their place",
    "drawn_texts": "the texts that the model writes to be kept are not there yet, and are not shown",
}
"""Functions of a script that ask a model for texts, and what is said of the marks in their place."""
MARK = "…"


class Arrived(BaseException):
    """The place is reached that was meant; no library may swallow it."""

    def __init__(self, reached: Any = None) -> None:
        """Bring what was found there."""
        super().__init__()
        self.reached = reached


class Until(TrainerCallback):
    """Ends a script at a phase."""

    def __init__(self, last: str, tell: Tell) -> None:
        """Go on before the phase `last`."""
        self.last, self.tell = last, tell

    def on_phase(self, name: str) -> None:
        """Tell the phase, or end there."""
        if name == self.last:
            raise Arrived
        self.tell("phase", name=name)


class Rehearsal:
    """A script that is run up to a phase with at most `limit` of its rows (0: all), and what it made until then."""

    def __init__(self, script: Path, output: Path, limit: int, tell: Tell, uncut: bool = False) -> None:
        """Load the script under a name of its own; with `uncut` no text is too long for it."""
        self.limit, self.tell = limit, tell
        self.rows: list[int] = []
        self.tokenised: list[Any] = []
        self.trainer: Trainer | None = None
        self.module = load(script, "uncut" if uncut else "seen")
        self.prepare(vars(self.module), output, uncut)

    def prepare(self, names: dict[str, Any], output: Path, uncut: bool) -> None:
        """Let the script run here: on the processor, into a folder of its own, with marks for what models would say."""
        names.update(OUTPUT=output, DEVICE="cpu", DEVICES=(), PRECISION="float32", ATTENTION="eager", TRACKING=())
        names["print"] = self.heard
        for name, value in (("MAX_LENGTH", ENOUGH), ("REFERENCE", "live"), ("INIT", "default")):
            if name in names and (uncut or name != "MAX_LENGTH"):
                names[name] = value
        for name in ("roles", "questions"):
            if name in names:
                names[name] = self.fewer(names[name])
        for name in STANDS_FOR.keys() & names.keys():
            if name != "spoken" or "teacher_texts" in names:  # another part has a function of this name
                self.stand_in(name, names)
        if "described" in names and "base_model" in names:
            names["base_model"] = lambda: names["described"]()["base_model_name_or_path"]
        for name in ("check_method", "check_encoder_method", "check_classes"):
            if name in names:
                names[name] = lambda *_, **__: None

    def stand_in(self, name: str, names: dict[str, Any]) -> None:
        """Put marks in the place of texts that a model would write."""

        def texts(_: Any, __: Any, prompts: Sequence[Any]) -> list[str]:
            self.tell("note", text=STANDS_FOR[name])
            return [MARK] * len(prompts)

        def tries(asked: Sequence[Any], count: int, _: Any) -> list[list[str]]:
            self.tell("note", text=STANDS_FOR[name])
            return [[f"{MARK} {place + 1}" for place in range(count)] for _ in asked]

        def kept(keep: Any, _: Any, train: Any, tests: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            self.tell("note", text=STANDS_FOR[name])
            keep.held = keep.measured = train.select([])
            return train, tests

        if name == "drawn_texts":
            names["Keep"].joined = kept
        else:
            names[name] = texts if name == "spoken" else tries
            names["load_teacher"] = lambda: None
            names["load_reward"] = lambda: lambda _, said: [float(place) for place in range(len(said))]
            names["check_reward"] = lambda *_: None

    def heard(self, *said: Any, **_: Any) -> None:
        """Pass on what the script says about rows."""
        text = " ".join(map(str, said))
        if not text.endswith(" ..."):
            self.tell("note", text=text)

    def fewer(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of rows that takes no more than the limit."""

        def limited(rows: Any, *given: Any, **named: Any) -> Any:
            self.rows.append(len(rows))
            few = rows.select(range(self.limit)) if 0 < self.limit < len(rows) else rows
            return act(few, *given, **named)

        return limited

    def run(self, last: str) -> Any:
        """Run `main` until the phase `last`; return what was found on the way if it had to end there."""
        from datasets import Dataset

        names, library, mapped = vars(self.module), Trainer.__init__, Dataset.map

        def made(trainer: Trainer, *given: Any, **named: Any) -> None:
            self.trainer = trainer
            library(trainer, *given, **named)

        def noted(rows: Any, *given: Any, **named: Any) -> Any:
            found = mapped(rows, *given, **named)
            if named.get("desc") == "tokenising":
                self.tokenised.append(found)
            return found

        def arrived(*given: Any, **_: Any) -> None:
            raise Arrived(given)

        for name in ("make_learner", "features"):
            if name in names:
                names[name] = arrived
        Trainer.__init__, Dataset.map = made, noted  # type: ignore[method-assign]
        until = Until(last, self.tell)
        mark_phases(self.module, until.on_phase)
        try:
            until.on_phase("data")
            names["main"](callbacks=[until])
        except Arrived as end:
            return end.reached
        finally:
            Trainer.__init__, Dataset.map = library, mapped  # type: ignore[method-assign]
        raise ValueError("nothing is trained in this run, so there is nothing that the model would learn from")


def load(script: Path, prefix: str) -> ModuleType:
    """Import a script; under another prefix it is another module, so no cached row of one is taken for the other's."""
    from hashlib import sha256

    name = f"{prefix}_{sha256(script.read_bytes()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{script} can't be read")
    os.environ.pop("SMOKE_TEST", None)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
