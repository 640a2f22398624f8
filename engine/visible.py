"""Which cards CUDA_VISIBLE_DEVICES (and so Slurm) allows, by the rules that CUDA itself follows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.gpu import Gpu
from engine.note import Note

VARIABLE = "CUDA_VISIBLE_DEVICES"
# What schedulers and people write when they mean none: CUDA takes any entry that it cannot read that way.
NONE = ("", "-1", "none", "void", "nodevfiles")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The cards that may be used, in the order in which CUDA would number them, and what is odd about the choice."""

    gpus: tuple[Gpu, ...]
    notes: tuple[Note, ...] = ()


def allowed(gpus: Sequence[Gpu], environ: Mapping[str, str]) -> Allowed:
    """Return those `gpus` (in nvidia-smi's order) that may be used; as in CUDA, a bad entry ends the list."""
    value = environ.get(VARIABLE)
    if value is None or not gpus:
        return Allowed(tuple(gpus))
    by_name = value.startswith(("GPU-", "MIG-"))
    sure = by_name or environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" or _alike(gpus)
    ordered = list(gpus) if sure else _fastest_first(gpus)
    chosen: list[Gpu] = []
    for entry in value.split(","):
        found = _named(entry, value[:4], gpus) if by_name else _numbered(entry, ordered)
        if not found:
            return Allowed(tuple(chosen), (*_order(value, sure, chosen), _cut(value, entry.strip(), chosen)))
        if found[0] in chosen:
            return Allowed((), (_repeated(value, entry.strip()),))
        chosen += found
    return Allowed(tuple(chosen), _order(value, sure, chosen))


def _named(entry: str, kind: str, gpus: Sequence[Gpu]) -> list[Gpu]:
    """Return the one card or slice whose UUID begins so; nothing if none or several do, or if the kind differs."""
    found = [gpu for gpu in gpus if entry.startswith(kind) and gpu.uuid.startswith(entry.strip())]
    return found if len(found) == 1 else []


def _numbered(entry: str, ordered: Sequence[Gpu]) -> list[Gpu]:
    """Return the card of that number, all its slices where it is divided; like CUDA, read `1gpu` as 1."""
    digits = re.match(r"\+?\d+", entry.strip())
    numbers = list(dict.fromkeys(gpu.index for gpu in ordered))
    if digits is None or int(digits[0]) >= len(numbers):
        return []
    return [gpu for gpu in ordered if gpu.index == numbers[int(digits[0])]]


def _alike(gpus: Sequence[Gpu]) -> bool:
    return len({(gpu.name, gpu.memory_total) for gpu in gpus if not gpu.mig}) <= 1


def _fastest_first(gpus: Sequence[Gpu]) -> list[Gpu]:
    """Guess CUDA's own order: the fastest card is number 0, the others keep the order of their slots."""
    best = max(gpus, key=lambda gpu: (gpu.capability or (0, 0), gpu.memory_total or 0))
    return sorted(gpus, key=lambda gpu: gpu.index != best.index)


def _order(value: str, sure: bool, chosen: Sequence[Gpu]) -> tuple[Note, ...]:
    if sure or not chosen:
        return ()
    taken = ", ".join(f"card {gpu.index} ({gpu.name})" for gpu in chosen)
    what = f"{VARIABLE}={value} counts in CUDA's own order, fastest card first, which is taken to mean {taken}"
    return (Note("card_order", "warning", what, "set CUDA_DEVICE_ORDER=PCI_BUS_ID as well, or name cards by UUID"),)


def _cut(value: str, entry: str, chosen: Sequence[Gpu]) -> Note:
    if entry.lower() in NONE and not chosen:
        what = f"{VARIABLE} is '{value}', which forbids every card"
        return Note("all_hidden", "warning", what, f"unset {VARIABLE} to train on a card")
    rest = "it and everything after it" if chosen else "it, so no card may be used"
    what = f"{VARIABLE} names '{entry}', which is no card here; CUDA ignores {rest}"
    return Note("visible_cut", "warning", what, "nvidia-smi -L lists the cards and their UUIDs")


def _repeated(value: str, entry: str) -> Note:
    what = f"{VARIABLE}={value} names '{entry}' twice, so CUDA allows no card at all"
    return Note("visible_repeated", "wrong", what, "name each card once")
