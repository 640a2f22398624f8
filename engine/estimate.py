"""What a run will need: memory at its peak, with an interval, and time; a closed form that costs less than 1 ms."""

from dataclasses import dataclass, field

from engine import terms
from engine.config import Run
from engine.data.facts import DataFacts
from engine.families import known
from engine.load import one_step
from engine.machine import GIB, Machine
from engine.measured import calibrated
from engine.model import ModelFacts
from engine.place import free_gib, others_gib
from engine.speed import seconds
from engine.step import Step

CUDA_GIB = 0.6
"""CUDA's context and workspaces, beside what torch allocates (0.3 to 0.6 GB measured)."""
SLACK = 1.09
"""The allocator's rounding and fragmentation on a GPU (1.046 over 51 measured runs), and our own error."""
LIBRARIES_GIB = 0.9
"""torch, transformers and their family in a process without a GPU."""
OUTSIDE = ("cuda", "libraries")
"""Terms that are there whatever is trained, and that torch does not allocate."""
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
    notes: tuple[str, ...] = ()
    """What a person should know of the prediction: where it is a guess, and why."""
    factor: float = 1.0
    """What runs that were measured on this card made of the formula's memory."""
    pace: float = 1.0
    """What they made of its time."""
    pairs: int = 0
    """How many such runs there were."""
    others: dict[str, float] = field(default_factory=dict)
    """What other programs hold of the card now, by their names: it is missing from what is free."""


def estimate(run: Run, model: ModelFacts, machine: Machine, data: DataFacts | None) -> Estimate:
    """Return memory and time of a run on a machine, from shapes alone."""
    step = one_step(run, model, data)
    free = free_gib(run.launch.device, run.launch.devices, machine)
    peak = memory(step)
    low, high = interval(peak, gpu=step.gpu)
    unpacked = terms.whole_experts(step) / GIB
    spent = seconds(run, step, machine, data) if data is not None else None
    formula = Estimate(
        peak_gib=sum(value for name, value in peak.items() if name != "cuda"),
        low_gib=low,
        high_gib=high + unpacked,
        terms=peak,
        free_gib=free,
        fits=None if free is None else high + unpacked <= free,
        seconds=spent,
        notes=_notes(model, unpacked),
        others=others_gib(run.launch.device, run.launch.devices, machine),
    )
    return calibrated(formula, run, machine)


def _notes(model: ModelFacts, unpacked: float) -> tuple[str, ...]:
    notes = []
    if not known(model.architecture):
        named = f"the family '{model.architecture}' is" if model.architecture else "the model's family is"
        notes.append(f"{named} not known here: estimated from its shapes alone, as most families compute")
    if unpacked:
        notes.append(f"transformers 5 leaves the experts of a mixture in 16 bit: up to {unpacked:.0f} GiB more")
    return tuple(notes)


def memory(step: Step) -> dict[str, float]:
    """Return the terms, in GiB, of the moment at which a step needs the most; moments compete, they do not add up."""
    held = terms.gradients(step) if step.accumulate > 1 else 0.0
    head = step.shape.vocab * step.shape.hidden * step.storage if step.full and step.shape.head else 0.0
    activations, block = terms.kept(step), terms.in_flight(step)
    last_block = block + (0.0 if step.checkpointing else activations / max(1, step.reached))
    if not step.trains:
        return _whole(step, {}, [{"activations": block, "loss": terms.loss(step), "cache": step.cache}])
    moments = [
        {"gradients": held, "activations": activations, "loss": terms.loss(step), "casts": terms.casts(step)},
        {"gradients": max(held, head), "activations": activations + block, "casts": terms.casts(step, one_block=True)},
        {"gradients": terms.gradients(step), "activations": last_block},
        {"gradients": terms.gradients(step), "update": terms.update(step)},
        {"gradients": held, "cache": step.cache},
    ]
    return _whole(step, {"optimizer": terms.optimizer(step), "guard": terms.guard(step)}, moments)


def _whole(step: Step, kept: dict[str, float], moments: list[dict[str, float]]) -> dict[str, float]:
    """Return what is always there and what the worst moment adds, in GiB."""
    always = {"weights": terms.weights(step), "beside": step.beside, "adapters": terms.adapters(step), **kept}
    peak = max(moments, key=lambda moment: sum(moment.values()))
    outside = {"cuda": CUDA_GIB} if step.gpu else {"libraries": LIBRARIES_GIB}
    return {name: value / GIB for name, value in {**always, **peak}.items() if value > 0} | outside


def interval(peak: dict[str, float], *, gpu: bool) -> tuple[float, float]:
    """Return the ends between which the peak lies; the upper one is what must be free on the card or in RAM."""
    own = sum(value for name, value in peak.items() if name not in OUTSIDE)
    outside = sum(peak.values()) - own
    return (0.92 * own, SLACK * own + outside) if gpu else (own / RAM_SLACK + outside, RAM_SLACK * own + outside)
