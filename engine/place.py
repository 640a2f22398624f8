"""Where on a machine a run takes its memory: a card, or the RAM."""

from collections.abc import Sequence

from engine.gpu import Gpu
from engine.machine import GIB, Machine


def card_of(devices: Sequence[str], machine: Machine) -> Gpu | None:
    """Return the card that a run names first, or the freest one when it names none."""
    return machine.find(devices[0]) if devices else machine.gpu


def free_gib(device: str, devices: Sequence[str], machine: Machine) -> float | None:
    """Return the memory that a run may take there; None where there is no such card or it does not say."""
    if device == "cpu":
        return machine.ram_free / GIB
    card = card_of(devices, machine)
    free = None if card is None else card.memory_total if card.memory_free is None else card.memory_free
    return None if free is None else free / GIB
