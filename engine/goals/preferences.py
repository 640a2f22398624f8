"""What the goals share that learn which of two answers is better: the rows, and which part makes pairs of them."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import Data
from engine.problem import Problem
from engine.section import INLINE


class RankedData(Data):
    """Rows that say which answer is better."""

    ranked_pairs: Annotated[Literal["all", "adjacent"], INLINE, Field()] = "all"
    """How ranked answers become pairs: every better one with every worse one, or each with the next."""


def pairs(roles: set[str]) -> str:
    """Return the sibling of `pairs` that makes pairs of rows with these roles."""
    for needed, name in (
        ({"prompt", "chosen", "rejected"}, "given"),
        ({"chosen", "rejected"}, "transcripts"),
        ({"prompt", "ranked"}, "ranked"),
    ):
        if needed <= roles:
            return name
    advice = "map prompt, chosen and rejected, or prompt and ranked, as in {prompt: q, chosen: better, rejected: worse}"
    raise Problem("the columns do not say which answer is better", where="data.columns", advice=advice)
