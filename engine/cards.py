"""What is known of cards that this machine need not have: the table presets/gpus.yaml."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.problem import Problem

TABLE = Path(__file__).parent.parent / "presets" / "gpus.yaml"
# Named in the advice when nothing is close: the whole table would be no sentence any more.
WELL_KNOWN = ("T4", "L4", "A10G", "RTX 3090", "RTX 4090", "A100 40GB", "A100 80GB", "H100", "H200")


@dataclass(frozen=True, slots=True)
class Card:
    """A model of card: memory in GiB as the driver reports it, bandwidth in GB/s, dense bf16 (or fp16) TFLOP/s."""

    name: str
    match: str
    memory_gib: float
    capability: tuple[int, int]
    bandwidth: float
    tflops: float


@cache
def cards() -> tuple[Card, ...]:
    """Return the table, special names before general ones."""
    from ruamel.yaml import YAML

    rows = YAML(typ="safe").load(TABLE)
    return tuple(
        Card(
            name=row["name"],
            match=row["match"],
            memory_gib=float(row["memory"]),
            capability=(row["capability"][0], row["capability"][1]),
            bandwidth=float(row["bandwidth"]),
            tflops=float(row["tflops"]),
        )
        for row in rows
    )


def card(name: str) -> Card | None:
    """Return what is known of a card by its driver's name or by what a person calls it; a MIG slice is no card."""
    text = re.sub(r"[-_\s]+", " ", name.upper())
    if re.search(r"\bMIG\b", text):
        return None
    mobile = re.search(r"LAPTOP|MAX Q|MOBILE", text) is not None
    fitting = (known for known in cards() if mobile == ("LAPTOP" in known.match))
    return next((known for known in fitting if re.search(known.match, text)), None)


def named_card(name: str) -> Card:
    """Return the card that a person named; a Problem with the nearest names if there is none."""
    found = card(name)
    if found is not None:
        return found
    near = near_names(name)
    advice = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known are {', '.join(WELL_KNOWN)} and more"
    advice = f"{advice} Its memory can be said instead: --vram 24" if near else f"{advice}; or say --vram 24"
    raise Problem(f"no GPU is known as '{name}'", where="--gpu", advice=advice, code="unknown_gpu")


def near_names(name: str) -> list[str]:
    """Return up to three cards of the table that are called nearly so, the nearest first."""
    shown = {known.name.casefold(): known.name for known in cards()}
    return [shown[each] for each in difflib.get_close_matches(name.strip().casefold(), shown, n=3, cutoff=0.6)]
