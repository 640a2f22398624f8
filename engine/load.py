"""The load that a run puts on a device: its largest step, from the run, the model's shape and a look at the data."""

from functools import cache
from pathlib import Path

from engine.config import Run
from engine.data.facts import DataFacts
from engine.goals.baseline import BaselineRun
from engine.goals.distill import DistillRun
from engine.goals.prefer import PreferRun
from engine.goals.reinforce import ReinforceRun
from engine.lengths import longest_texts, texts
from engine.methods import Bottleneck, Head, Ia3, Layers, LowRank, Prefix, Prompt, PTuning, Qlora
from engine.model import ModelFacts, look
from engine.problem import Problem
from engine.shapes import count
from engine.step import Kernel, Step, targeted

WIDTH = {"fp32": 4, "bf16": 2, "fp16": 2, "auto": 4}
BITS = {"qlora": 4, "lora8": 8}
KERNELS: dict[str, Kernel] = {"embed": "ranking", "classify": "pooled", "reward": "pooled"}
"""What stands at the end of the model, where it is not the head over the vocabulary."""


def one_step(run: Run, model: ModelFacts, data: DataFacts | None) -> Step:
    """Return the largest step of a run: every row as long as the longest that is not cut."""
    method, training = run.method, run.training
    low_rank = method if isinstance(method, LowRank) else None
    precision, storage = WIDTH[training.precision], WIDTH[run.model.dtype]
    packed = bool(getattr(training, "packing", False))
    length, tokens = _tokens(run, data, packed=packed)
    compute = min(storage, precision)
    own, own_kept = _own(run, model, compute)
    answers = _answers(run, data) if model.kind == "seq2seq" and run.goal == "sft" else None
    return Step(
        shape=model,
        parameters=model.parameters or count(model, model.architecture),
        tokens=tokens,
        length=length,
        rows=training.batch,
        storage=storage,
        compute=compute,
        full=method.kind in ("full", "layers"),
        bits=BITS.get(method.kind, 16),
        double_quant=method.double_quant if isinstance(method, Qlora) else True,
        rank=low_rank.rank if low_rank else 0,
        targets=low_rank.targets if low_rank else "all-linear",
        adapter=WIDTH[low_rank.adapter_dtype] if low_rank else 4,
        adapter_dropout=low_rank.dropout if low_rank else 0.0,
        optimizer=training.optimizer,
        accumulate=training.accumulate,
        checkpointing=training.gradient_checkpointing,
        eager=run.model.attention == "eager",
        padded=not packed and run.model.attention != "flash" and training.batch > 1,
        kernel="plain" if answers else KERNELS.get(run.goal, "chunked"),
        told=answers,
        amp=precision < 4,
        gpu=run.launch.device != "cpu",
        top=method.last if isinstance(method, Layers) else None,
        own=own,
        own_kept=own_kept,
        trains=method.kind not in ("none", "head"),
        beside=beside(run, model, storage),
        cache=_cache(run, model, length, compute),
    )


def beside(run: Run, model: ModelFacts, width: int) -> float:
    """Return the bytes of the other models of a run; those that are not known here count nothing, and are warned of."""
    if isinstance(run, PreferRun) and run.method.kind in ("full", "layers") and run.objective.loss in REFERRING:
        return (model.parameters or 0) * width
    return float(sum((other.parameters or 0) * width for name in others(run) if (other := known(name)) is not None))


REFERRING = ("sigmoid", "hinge", "ipo", "robust", "kto")
"""Preference losses that compare with a reference: of a full model a second copy, of an adapter the base itself."""


def others(run: Run) -> tuple[str, ...]:
    """Return the names of the other models of a run: a teacher, a reward model."""
    if isinstance(run, DistillRun):
        return (run.objective.teacher,)
    if isinstance(run, ReinforceRun) and "model" in run.objective.reward:
        return (run.objective.reward["model"],)
    return ()


def known(name: str) -> ModelFacts | None:
    """Return the facts of another model if it is a folder here; the hub is asked nothing while an estimate is made."""
    file = Path(name).expanduser() / "config.json"
    return _look(name, file.stat().st_mtime_ns) if file.is_file() else None


@cache
def _look(name: str, _changed: int) -> ModelFacts | None:
    try:
        return look(name)
    except Problem:
        return None


def _tokens(run: Run, data: DataFacts | None, *, packed: bool) -> tuple[int, int]:
    """Return the longest text and all padded tokens of one batch; a pair of texts is two of them."""
    limit, rows = run.training.max_length, run.training.batch
    groups = texts(run.goal, run.data.columns)
    if not run.data.columns and run.goal in PAIRED:
        groups = [[], []]
    lengths = [limit] * len(groups) if data is None or packed else longest_texts(data, groups)
    virtual = run.method.tokens if isinstance(run.method, (Prompt, PTuning)) else 0
    cut = [min(limit, length) + virtual for length in lengths]
    return max(cut), rows * sum(cut)


def _answers(run: Run, data: DataFacts | None) -> int:
    """Return the tokens of the answers in a batch of an encoder-decoder, whose head reads nothing else."""
    written = [run.data.columns[role] for role in ("completion", "output") if role in run.data.columns]
    longest = run.training.max_length if data is None else longest_texts(data, [written])[0]
    return run.training.batch * min(run.training.max_length, longest)


PAIRED = ("embed", "prefer", "reward")
"""Goals whose rows hold two texts to be read, where their columns are not known yet."""


def _own(run: Run, model: ModelFacts, width: int) -> tuple[int, float]:
    """Return the numbers that a method other than LoRA trains, and the bytes per token and block kept for that.

    Counted as PEFT makes them: IA3 a factor for each key, value and number that leaves the MLP; a prefix keys and
    values of every layer; a prompt vectors as wide as the model; p-tuning besides them a network of three.
    Bottlenecks are two thin matrices after attention and MLP, and keep their input and their middle.
    """
    method, layers, hidden = run.method, model.layers + model.decoder_layers, model.hidden
    match method:
        case Ia3(targets="default"):
            each = 2 * model.key + model.intermediate
            return layers * each, width * each
        case Ia3():
            each = sum(outputs for _, outputs in targeted(model, method.targets))
            return layers * each, width * each
        case Prefix():
            return method.tokens * layers * 2 * model.key, 0.0
        case Prompt():
            return method.tokens * hidden, 0.0
        case PTuning():
            inner = min(1024, hidden)
            return method.tokens * hidden + 2 * hidden * inner + inner * inner + 2 * inner + hidden, 0.0
        case Bottleneck():
            return layers * 2 * (2 * hidden * method.size + hidden + method.size), 2.0 * 4 * (hidden + method.size)
        case Head():
            return (method.hidden or 100) * hidden, 0.0
    return 0, 0.0


def _cache(run: Run, model: ModelFacts, length: int, width: int) -> float:
    """Return the bytes of keys and values while answers are generated: two per layer, token and row."""
    if not isinstance(run, (BaselineRun, ReinforceRun)) or model.kind == "encoder":
        return 0.0
    written = length + int(getattr(run.objective, "max_new_tokens", 0))
    return float(2 * model.key * width * (model.layers + model.decoder_layers) * written * run.training.batch)
