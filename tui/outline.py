"""The plan in words: one line per matter, each with the fields behind it and the guide's reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.config import Run
from engine.data import DataFacts
from engine.draft import why
from engine.goals.baseline import BaselineRun
from engine.goals.classify import ClassifyRun
from engine.goals.distill import DistillRun
from engine.goals.embed import RANKING, EmbedRun
from engine.goals.prefer import PreferRun
from engine.goals.pretrain import PretrainRun
from engine.goals.reinforce import ReinforceRun
from engine.goals.sft import SftRun
from engine.machine import Machine, title
from engine.methods import Full, Lora8, LowRank, Qlora
from engine.speed import steps, train_rows
from engine.tables import table
from tui.widgets.figures import plural
from tui.widgets.value import number
from tui.words import place

YOURS = why("yours")
VERBS = {
    "sft": "answer like",
    "pretrain": "know the texts of",
    "classify": "sort texts as in",
    "embed": "find the right passage in",
    "prefer": "prefer the better answers of",
    "reward": "judge answers as in",
    "reinforce": "earn a reward on",
    "distill": "answer like its teacher on",
    "baseline": "be measured on",
}


@dataclass(frozen=True)
class Matter:
    """One line of the plan; `field` is what a click on it opens."""

    label: str
    words: str
    field: str
    why: str


def sentence(run: Run, data: DataFacts | None) -> tuple[str, str, str]:
    """Return `Teach`, model and the rest of the sentence that says what the run does."""
    model = place(run.model.id) if Path(run.model.id).is_absolute() else run.model.id
    told = f"to {VERBS[run.goal]} {place(run.data.told)}"
    if data is None:
        return "Teach", model, told
    return "Teach", model, f"{told} ({data.rows:,} rows)"


def matters(run: Run, data: DataFacts | None, machine: Machine, reasons: Mapping[str, str]) -> list[Matter]:
    """Return the lines of the plan, in the order in which a person wants to know them."""
    learned, forgetting = objective(run), retention(run)
    rows = [
        *([("Learns", learned, ("objective.loss", "objective.algorithm", "objective.teacher"))] if learned else []),
        ("Method", method(run), ("method.kind", "method.rank", "method.targets")),
        (
            "Training",
            training(run, data),
            ("training.epochs", "training.learning_rate", "training.batch", "training.accumulate"),
        ),
        ("Text", text(run), ("training.max_length", "objective.matryoshka", "training.packing", "objective.loss_on")),
        ("Evaluate", evaluation(run, data), ("training.evaluate_every", "data.test_fraction", "data.test")),
        *([("Forgetting", forgetting, ("retention.kind", "data.keep"))] if forgetting else []),
        ("Runs on", hardware(run, machine), ("training.precision", "launch.device", "training.optimizer")),
    ]
    return [Matter(label, words, _field(fields, reasons), _why(fields, reasons)) for label, words, fields in rows]


def _field(fields: tuple[str, ...], reasons: Mapping[str, str]) -> str:
    """Return the first field that the guide has chosen and gives a reason for."""
    return next((field for field in fields if reasons.get(field, YOURS) != YOURS), fields[0])


def _why(fields: tuple[str, ...], reasons: Mapping[str, str]) -> str:
    return reasons.get(_field(fields, reasons), "")


def method(run: Run) -> str:
    """Return the method with what makes it this one."""
    kind = run.method
    if isinstance(kind, Full):
        return "Full · every weight is trained"
    if not isinstance(kind, LowRank):
        fields = ", ".join(f"{name} {value}" for name, value in kind if name != "kind")
        return " · ".join(filter(None, (table("guide")["methods"][kind.kind]["label"], fields)))
    names = {"qlora": "QLoRA", "lora8": "LoRA 8-bit", "lora": "LoRA"}
    layers = "all linear layers" if kind.targets == "all-linear" else str(kind.targets).strip("()").replace("'", "")
    bits = f"4-bit {kind.quant_type.upper()}, " if isinstance(kind, Qlora) else ""
    bits = "8-bit weights, " if isinstance(kind, Lora8) else bits
    return f"{names[kind.kind]} · {bits}rank {kind.rank}, {layers}"


def objective(run: Run) -> str:
    """Return what is learned from a row, for goals where the plan's sentence does not say it."""
    if isinstance(run, EmbedRun):
        return "" if run.objective.loss == RANKING else run.objective.loss.removesuffix("Loss")
    if isinstance(run, ClassifyRun):
        return f"classes · the best by {run.objective.best.replace('_', ' ').replace('f1', 'F1')}"
    if isinstance(run, PreferRun):
        return f"{run.objective.loss.replace('_', ' ')} · beta {number(run.objective.beta)}"
    if isinstance(run, ReinforceRun):
        [payer] = run.objective.reward.values()
        return (
            f"{run.objective.algorithm.upper()} · reward {place(payer)} · up to {run.objective.max_new_tokens} tokens"
        )
    if isinstance(run, DistillRun):
        what = (
            "text" if run.objective.imitate == "text" else f"probabilities, temperature {run.objective.temperature:g}"
        )
        return f"from {place(run.objective.teacher)} · its {what}"
    if isinstance(run, BaselineRun):
        return f"{run.objective.shots} solved examples before each question" if run.objective.shots else "zero-shot"
    return ""


def retention(run: Run) -> str:
    """Return what is done against forgetting, and what it is measured on; nothing where nothing is."""
    if not isinstance(run, SftRun | PretrainRun | ClassifyRun):
        return ""
    guard = {"none": "", "replay": "replay", "ewc": "EWC", "si": "SI", "distill": "distilled from the untouched model"}
    kept = f"watched on {place(run.data.keep)}" if run.data.keep else ""
    return " · ".join(filter(None, (kept, guard[run.retention.kind])))


def training(run: Run, data: DataFacts | None) -> str:
    """Return length, batch and learning rate."""
    told = run.training
    if told.epochs == 0:
        return f"none · batch {told.batch}"
    epochs = f"{number(told.epochs)} epoch{'' if told.epochs == 1 else 's'}"
    count = f" · {steps(run, data):,} steps" if data is not None else ""
    batch = f"batch {told.batch}" + (f" × {told.accumulate}" if told.accumulate > 1 else "")
    return (
        f"{epochs}{count} · {batch} · lr {number(told.learning_rate)} {getattr(told, 'schedule', '').replace('_', ' ')}"
    )


def text(run: Run) -> str:
    """Return what becomes of a row's text."""
    words = [f"up to {run.training.max_length:,} tokens"]
    if isinstance(run, EmbedRun):
        sizes = run.objective.matryoshka
        words.append(
            f"sizes {' '.join(map(str, sizes))}" if len(sizes) > 1 else f"size {sizes[0] if sizes else 'as is'}"
        )
    if isinstance(run, SftRun):
        words += ["packed"] * run.training.packing
        words.append("answers only" if run.objective.loss_on == "answer" else "prompts and answers")
    return " · ".join(words)


def evaluation(run: Run, data: DataFacts | None) -> str:
    """Return when is measured, on what, and what is kept."""
    every = run.training.evaluate_every
    when = "every epoch" if every == "epoch" else "every step" if every == 1 else f"every {every:,} steps"
    if run.data.test:
        rows = f"on {place(run.data.test)}"
    elif data is not None:
        rows = f"on {plural(data.rows - train_rows(run, data), 'held-out row')}"
    else:
        rows = f"on {run.data.test_fraction:.0%} of the rows"
    best = f" by {run.measure()}" if isinstance(run, EmbedRun) else ""
    return f"{when} {rows} · keep the best{best}"


def hardware(run: Run, machine: Machine) -> str:
    """Return where it runs, in which arithmetic, and how memory is saved."""
    cards = [machine.find(device) for device in run.launch.devices] or [machine.gpu]
    names = ", ".join(title(card) if card is not None else "a GPU" for card in cards)
    where = f"{machine.cores} CPU cores" if run.launch.device == "cpu" else names
    saving = " · checkpointing" if run.training.gradient_checkpointing else ""
    return f"{where} · {run.training.precision} · {run.training.optimizer.replace('_', ' ')}{saving}"
