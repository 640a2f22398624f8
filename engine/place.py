"""Where on a machine a run takes its memory: a card, or the RAM."""

from collections.abc import Sequence

from engine.gpu import Gpu
from engine.machine import GIB, Machine

IDLE_GIB = 0.6
"""What the driver keeps of a card that nobody uses (0.3 to 0.5 seen)."""


def card_of(devices: Sequence[str], machine: Machine) -> Gpu | None:
    """Return the card that a run names first, or the freest one when it names none."""
    return machine.find(devices[0]) if devices else machine.gpu


def others_gib(device: str, devices: Sequence[str], machine: Machine) -> dict[str, float]:
    """Return what other programs hold of the card, by their names; nothing of a card that is idle or imagined."""
    card = None if device == "cpu" or machine.imagined else card_of(devices, machine)
    if card is None or card.memory_total is None or card.memory_free is None:
        return {}
    taken = (card.memory_total - card.memory_free) / GIB
    if taken < IDLE_GIB:
        return {}
    held: dict[str, float] = {}
    for user in card.users:
        held[user.name] = held.get(user.name, 0.0) + (user.memory or 0) / GIB
    unnamed = max(0.0, taken - sum(held.values()))
    return {name: size for name, size in {**held, "driver and others": unnamed}.items() if size >= 0.05}


def free_gib(device: str, devices: Sequence[str], machine: Machine) -> float | None:
    """Return the memory that a run may take there; None where there is no such card or it does not say."""
    if device == "cpu":
        return machine.ram_free / GIB
    card = card_of(devices, machine)
    free = None if card is None else card.memory_total if card.memory_free is None else card.memory_free
    return None if free is None else free / GIB
