"""What can become of a row, and what can leave it out."""

from typing import Literal

Conversion = Literal[
    "none",
    "chats",
    "instances",
    "questions",
    "joined_texts",
    "first_texts",
    "each_text",
    "flat",
    "ranked_answers",
    "answers_alone",
]
"""What becomes of a row: the parts under engine/recipes/parts/convert."""
Droppable = Literal[
    "broken_row",
    "duplicate_row",
    "near_duplicate",
    "leakage",
    "near_leakage",
    "duplicate_positive",
    "small_class",
    "chosen_equals_rejected",
    "unfinished_answer",
    "secret",
    "personal_data",
    "mojibake",
    "control_character",
    "html",
]
"""Checks of `engine.data.checks` whose rows a run can leave out."""
