"""This machine as a run finds it: cards, CPU, memory and disks, read once; or another card in its place."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from engine import cards, gpu, limits, visible
from engine.disks import Disk, disks
from engine.event import stack_of
from engine.gpu import Gpu, GpuUser
from engine.measured import Pair, pairs
from engine.note import Note
from engine.problem import Problem

__all__ = ["GIB", "Disk", "Gpu", "GpuUser", "Machine", "Note", "describe", "imagine", "look"]

GIB = 1024**3
# What the driver keeps of an idle card, so that an imagined one is as free as a real one.
DRIVER_GIB = 0.4


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything that a run can use: `gpus` are the allowed cards in CUDA's order, memory is in bytes."""

    host: str
    gpus: tuple[Gpu, ...]
    hidden_gpus: int
    driver: str | None
    cuda: str | None
    cpu: str
    cores: int
    cpu_bf16: bool
    ram_total: int
    ram_free: int
    disks: tuple[Disk, ...]
    notes: tuple[Note, ...]
    imagined: bool = False
    stack: str = ""
    """The training libraries; known only where something was measured."""
    measured: tuple[Pair, ...] = ()
    """What was predicted and measured here before."""

    @property
    def gpu(self) -> Gpu | None:
        """Return the freest allowed card, which a run takes by default."""
        return max(self.gpus, key=lambda card: -1 if card.memory_free is None else card.memory_free, default=None)

    def find(self, device: str) -> Gpu | None:
        """Return the allowed card with that index (nvidia-smi's) or UUID, or with the only UUID that begins so."""
        exact = [card for card in self.gpus if device in (str(card.index), card.uuid)]
        begun = [card for card in self.gpus if device and card.uuid.startswith(device)]
        return exact[0] if exact else begun[0] if len(begun) == 1 else None


def look(runs: Path) -> Machine:
    """Read this machine; `runs` is where run folders go. Whatever cannot be read is None or a note, never an error."""
    reading = gpu.read()
    allowed = visible.allowed(reading.gpus, os.environ)
    processor, memory = limits.processor(), limits.memory()
    known = pairs() if allowed.gpus else ()
    return Machine(
        host=os.uname().nodename,
        gpus=allowed.gpus,
        hidden_gpus=len(reading.gpus) - len(allowed.gpus),
        driver=reading.driver,
        cuda=reading.cuda,
        cpu=processor.name,
        cores=processor.cores,
        cpu_bf16=processor.bf16,
        ram_total=memory.total,
        ram_free=memory.free,
        disks=disks(runs, os.environ),
        notes=reading.notes + allowed.notes,
        stack=_stack() if known else "",
        measured=known,
    )


def _stack() -> str:
    """Name the libraries of the Python that trains; one that can't be asked matches nothing that was measured."""
    from engine.interpreter import interpreter

    try:
        return stack_of(interpreter().versions)
    except Problem:
        return ""


def imagine(base: Machine, gpu: str | None, vram_gib: float | None) -> Machine:
    """Return the machine as if it had one other card: a named one, its own, or an unnamed one, of so many GiB."""
    if vram_gib is not None and not 0 < vram_gib < 10_000:
        raise Problem(
            f"{vram_gib:g} GiB is no size of a card", where="--vram", advice="for instance --vram 24", code="vram"
        )
    if gpu is None and vram_gib is None:
        return base
    card = _named(gpu) if gpu is not None else _unnamed(base)
    if vram_gib is not None:
        size = int(vram_gib * GIB)
        card = replace(card, memory_total=size, memory_free=size)
    return replace(base, gpus=(card,), hidden_gpus=0, notes=(), imagined=True)


def describe(machine: Machine) -> str:
    """Return the machine in one line, such as `my-box · NVIDIA T4 15 GiB · no bf16 → fp16 · 14.6 GiB free`."""
    card = machine.gpu
    if card is None:
        none = "no GPU allowed" if machine.hidden_gpus else "no GPU"
        cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
        return f"{machine.host} · {none} · {cores} · {machine.ram_total / GIB:.0f} GiB"
    count = f"{len(machine.gpus)} × " if len(machine.gpus) > 1 else ""
    size = f" {card.memory_total / GIB:.0f} GiB" if card.memory_total is not None else ""
    free = "memory unknown" if card.memory_free is None else f"{card.memory_free / GIB:.1f} GiB free"
    host = "what if" if machine.imagined else machine.host
    return f"{host} · {count}{title(card)}{size} · {arithmetic(card)} · {free}"


def title(card: Gpu) -> str:
    """Return the card's name without the words of its product line."""
    words = [word for word in card.name.split() if word not in ("NVIDIA", "Tesla", "GeForce", "Quadro")]
    return " ".join(["NVIDIA", *words]) if words else card.name


def arithmetic(card: Gpu) -> str:
    """Return the short arithmetic that a run would use on the card."""
    return "bf16" if card.bf16 else "no bf16 → fp16"


def _named(name: str) -> Gpu:
    known = cards.named_card(name)
    total, kept = int(known.memory_gib * GIB), int(DRIVER_GIB * GIB)
    return Gpu(0, "imagined", f"NVIDIA {known.name}", total, total - kept, capability=known.capability)


def _unnamed(base: Machine) -> Gpu:
    """Return the machine's own card, or where there is none a card of an unsaid kind with all that Ampere can do."""
    own = base.gpu
    if own is not None:
        return replace(own, users=())
    return Gpu(0, "imagined", "GPU", capability=(8, 0))
