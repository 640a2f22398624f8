"""Texts with words missing: the same ones in every run (Wang et al. 2021, TSDAE, arXiv:2104.06979)."""

import random

from engine.recipes.parts.begin import SEED

DELETION: float = 0.6  # share of a text's words that is deleted where texts are damaged to be found or rebuilt


def damage(text: str) -> str:
    """Return the text without a share of its words, at least one of which stays; of a single word, letters go."""
    drawn = random.Random(f"{SEED} {text}")
    words = text.split()
    gap = " " if len(words) > 1 else ""
    pieces = words if gap else list(text)
    kept = [piece for piece in pieces if drawn.random() >= DELETION]
    return gap.join(kept or [drawn.choice(pieces)])
