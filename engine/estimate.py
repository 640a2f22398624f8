"""What a run will need: memory at its peak, with an interval, and time; a closed form that costs less than 1 ms."""

from dataclasses import dataclass

from engine import terms
from engine.config import Run
from engine.data.facts import DataFacts
from engine.goals.embed import EmbedRun
from engine.lengths import dense_tokens, longest_texts
from engine.machine import GIB, Machine
from engine.methods import Full, Lora8, LowRank, Qlora
from engine.model import ModelFacts
from engine.place import free_gib
from engine.shapes import count
from engine.speed import seconds
from engine.terms import Step

WIDTH = {"fp32": 4, "bf16": 2, "fp16": 2, "auto": 4}
CUDA_GIB = 0.6
"""CUDA's context and workspaces, beside what torch allocates (0.3 to 0.6 GB measured)."""
SLACK = 1.09
"""The allocator's rounding and fragmentation on a GPU (1.046 over 51 measured runs), and our own error."""
LIBRARIES_GIB = 0.9
"""torch, transformers and their family in a process without a GPU."""
RAM_SLACK = 1.35
"""What the C library keeps of freed memory on a CPU (0.93 to 1.3 times the sum of the terms, measured on MiniLM)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A prediction in GiB: what the run itself will report as its peak, and the interval that `fits` compares.

    On a GPU `peak_gib` is torch's allocated memory, and `terms` add the `cuda` context to it; on a CPU it is the
    process's memory with its libraries. `high_gib` is what must be free. `seconds` are low, middle and high.
    """

    peak_gib: float
    low_gib: float
    high_gib: float
    terms: dict[str, float]
    free_gib: float | None
    fits: bool | None
    seconds: tuple[float, float, float] | None


def estimate(run: Run, model: ModelFacts, machine: Machine, data: DataFacts | None) -> Estimate:
    """Return memory and time of a run on a machine, from shapes alone."""
    step = one_step(run, model, data)
    free = free_gib(run.launch.device, run.launch.devices, machine)
    peak = memory(step)
    low, high = interval(peak, gpu=step.gpu)
    spent = seconds(run, step, machine, data) if data is not None else None
    return Estimate(
        peak_gib=sum(value for name, value in peak.items() if name != "cuda"),
        low_gib=low,
        high_gib=high,
        terms=peak,
        free_gib=free,
        fits=None if free is None else high <= free,
        seconds=spent,
    )


def one_step(run: Run, model: ModelFacts, data: DataFacts | None) -> Step:
    """Return the largest step of a run: every row as long as the longest that is not cut."""
    method, training = run.method, run.training
    low_rank = method if isinstance(method, LowRank) else None
    precision = WIDTH[training.precision]
    storage = WIDTH[run.model.dtype]
    embed = isinstance(run, EmbedRun)
    packed = bool(getattr(run.training, "packing", False))
    length, tokens = _tokens(run, data, packed=packed)
    return Step(
        shape=model,
        parameters=model.parameters or count(model, model.architecture),
        tokens=tokens,
        length=length,
        rows=training.batch,
        storage=storage,
        compute=min(storage, precision),
        full=isinstance(method, Full),
        bits=4 if isinstance(method, Qlora) else 8 if isinstance(method, Lora8) else 16,
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
        kernel="ranking" if embed else "chunked",
        amp=precision < 4,
        gpu=run.launch.device != "cpu",
    )


def memory(step: Step) -> dict[str, float]:
    """Return the terms, in GiB, of the moment at which a step needs the most; moments compete, they do not add up."""
    held = terms.gradients(step) if step.accumulate > 1 else 0.0
    head = step.shape.vocab * step.shape.hidden * step.storage if step.full and step.shape.head else 0.0
    activations, block = terms.kept(step), terms.in_flight(step)
    last_block = block + (0.0 if step.checkpointing else activations / step.layers)
    moments = (
        {"gradients": held, "activations": activations, "loss": terms.loss(step), "casts": terms.casts(step)},
        {"gradients": max(held, head), "activations": activations + block, "casts": terms.casts(step, one_block=True)},
        {"gradients": terms.gradients(step), "activations": last_block},
        {"gradients": terms.gradients(step), "update": terms.update(step)},
    )
    always = {"weights": terms.weights(step), "adapters": terms.adapters(step), "optimizer": terms.optimizer(step)}
    peak = max(moments, key=lambda moment: sum(moment.values()))
    outside = {"cuda": CUDA_GIB} if step.gpu else {"libraries": LIBRARIES_GIB}
    return {name: value / GIB for name, value in {**always, **peak}.items() if value > 0} | outside


def interval(peak: dict[str, float], *, gpu: bool) -> tuple[float, float]:
    """Return the ends between which the peak lies; the upper one is what must be free on the card or in RAM."""
    own = sum(value for name, value in peak.items() if name not in ("cuda", "libraries"))
    outside = sum(peak.values()) - own
    return (0.92 * own, SLACK * own + outside) if gpu else (own / RAM_SLACK + outside, RAM_SLACK * own + outside)


def _tokens(run: Run, data: DataFacts | None, *, packed: bool) -> tuple[int, int]:
    """Return the longest text and all padded tokens of one batch; a pair of texts is two of them."""
    limit, rows = run.training.max_length, run.training.batch
    if isinstance(run, EmbedRun):
        texts = [limit, limit] if data is None else longest_texts(data, run.data.columns.values())
        return min(limit, max(texts)), rows * sum(min(limit, text) for text in texts)
    longest = limit if data is None or packed else min(limit, dense_tokens(data.lengths.longest))
    return longest, rows * longest
