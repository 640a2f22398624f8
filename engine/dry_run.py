"""The dry run: a training step of the run's own script on tensors without numbers, in a process of its own."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.config import Run, parse, plain
from engine.consent import Agreed, agreed
from engine.data.facts import DataFacts
from engine.load import one_step
from engine.model import ModelFacts
from engine.network import environment as network
from engine.problem import Problem
from engine.reward_code import settle
from engine.run import environment, python_of
from engine.run_folder import write_beside
from engine.script import assemble, libraries

TRACER = Path(__file__).parent / "worker" / "trace" / "__main__.py"
LARGEST = 64 << 20
"""Bytes of a data file up to which its own longest rows are read; beyond, rows of the greatest length are made up."""
ROLES: dict[str, tuple[str, ...]] = {
    "sft": ("prompt", "completion"),
    "distill": ("prompt", "completion"),
    "prefer": ("prompt", "chosen", "rejected"),
    "reward": ("chosen", "rejected"),
    "embed": ("anchor", "positive"),
    "classify": ("text", "label"),
    "pretrain": ("text",),
}
"""The usual columns of a goal, for a run whose data are not here yet."""
UNTRACED = {
    "reinforce": "answers are written word by word, and how long they are depends on the words",
    "baseline": "nothing is trained",
    "head": "the features are computed once, and the head is trained without the model",
}
"""What can't be traced, and why."""


@dataclass(frozen=True, slots=True)
class Traced:
    """What a dry run counted: bytes that torch would have allocated on a card."""

    peak_gib: float
    reserved_gib: float
    """What the allocator would have taken from the card by then."""
    phase: str
    module: str
    terms: dict[str, float]
    phases: dict[str, float]
    timeline: list[dict[str, Any]] = field(repr=False)
    seconds: float
    rss_gib: float
    rows: bool
    """Whether the batch was made of the longest real rows, or of made-up ones of the greatest length."""
    operations: int = 0

    @property
    def where(self) -> str:
        """The phase and the module of the peak."""
        return f"{self.phase} of {self.module}" if self.module else self.phase


@dataclass(frozen=True, slots=True)
class Planned:
    """A complete run, what is known of its model and data, and how it is traced."""

    run: Run
    model: ModelFacts
    data: DataFacts | None
    card: bool = True
    """Count what a GPU would do; without it, what this processor does."""
    numbers: bool = False
    """Take real steps on this processor: what a dry run is held against."""


def dry_runs(planned: Sequence[Planned], python: str | None = None) -> list[Traced | Problem]:
    """Trace runs one after the other in one process; one that can't be traced is a Problem that says why."""
    with tempfile.TemporaryDirectory(prefix="tunewright-dry-") as folder:
        asked = [(one, agreed(one.run)) for one in planned if _untraced(one.run) is None]
        tasks = [_task(one, Path(folder) / f"run_{number}", found) for number, (one, found) in enumerate(asked)]
        allowed = Agreed(None, tuple(code for _, found in asked for code in found.model)).environment(Path(folder))
        around = network(*(one.run for one, _ in asked)) | allowed
        answers = _ask(tasks, Path(folder), python, around) if tasks else iter(())
        return [_untraced(one.run) or _answer(next(answers)) for one in planned]


def _untraced(run: Run) -> Problem | None:
    why = UNTRACED.get(run.goal) or UNTRACED.get(run.method.kind)
    what = f"{run.goal} with {run.method.kind} can't be traced: {why}"
    return Problem(what, advice="the formula stands") if why else None


def _task(planned: Planned, folder: Path, found: Agreed) -> dict[str, Any]:
    run = planned.run
    run, beside = settle(_on_shapes(run), found.reward)
    folder.mkdir()
    write_beside(folder, beside)
    script = folder / "train.py"
    script.write_text(assemble(run), "utf-8")
    step = one_step(run, planned.model, planned.data)
    return {
        "libraries": libraries(run),
        "script": str(script),
        "base": run.model.id,
        "columns": run.data.columns,
        "rows": planned.data is not None and _is_small(run.data.train),
        "length": min(step.length, run.training.max_length) if planned.data else run.training.max_length,
        "padded": step.padded,
        "card": planned.card,
        "numbers": planned.numbers,
    }


def _is_small(source: object) -> bool:
    return isinstance(source, str) and Path(source).is_file() and Path(source).stat().st_size <= LARGEST


def _on_shapes(run: Run) -> Run:
    """Return the run as it is traced: no card is asked for, and 16-bit numbers are of one kind."""
    values = plain(run)
    values["launch"] = {"device": "cpu"}
    values["tracking"] = []
    for section, name in (("model", "dtype"), ("training", "precision")):
        if values[section].get(name) == "fp16":
            values[section][name] = "bf16"
    if not values["data"].get("columns") and isinstance(values["data"]["train"], str):
        values["data"]["columns"] = {role: role for role in ROLES.get(run.goal, ())}
    return parse(values)


def _ask(
    tasks: list[dict[str, Any]], folder: Path, python: str | None, around: dict[str, str]
) -> Iterator[dict[str, Any]]:
    job = folder / "tasks.json"
    names = sorted({"torch", "transformers"}.union(*(task["libraries"] for task in tasks)))
    job.write_text(json.dumps({"libraries": names, "tasks": tasks}), "utf-8")
    command = [python_of(python), "-P", str(TRACER), str(job)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment() | around, check=False
        )
    except OSError as error:
        advice = "name a Python that has the training libraries with --python or TUNEWRIGHT_PYTHON"
        raise Problem(f"the dry run can't be started ({error.strerror})", where=command[0], advice=advice) from None
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != len(tasks):
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no word of why")
        raise Problem(f"the dry run ended early ({why})", where=command[0], advice="the formula needs no libraries")
    return iter([json.loads(line) for line in lines])


def _answer(answer: dict[str, Any]) -> Traced | Problem:
    if "error" in answer:
        return Problem(f"this run can't be traced ({answer['error']})", advice="the formula stands")
    return Traced(**answer)
