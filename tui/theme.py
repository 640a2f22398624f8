"""The two themes: one accent for what can be acted on, one colour each for good, warning and wrong."""

import os

from textual.theme import Theme

DARK = Theme(
    name="tunewright-dark",
    primary="#5fb3d9",
    secondary="#3d6f8a",
    accent="#5fb3d9",
    success="#7fc98a",
    warning="#e5b567",
    error="#e0736b",
    foreground="#d6dae0",
    background="#14171c",
    surface="#1b1f26",
    panel="#252a33",
    dark=True,
    variables={
        "block-cursor-text-style": "none",
        "block-cursor-background": "#2b4a5c",
        "block-cursor-foreground": "#f2f5f8",
        "footer-background": "#1b1f26",
        "scrollbar": "#3a424e",
        "scrollbar-background": "#14171c",
        "footer-key-foreground": "#5fb3d9",
    },
)

LIGHT = Theme(
    name="tunewright-light",
    primary="#0b6a99",
    secondary="#4d8fae",
    accent="#0b6a99",
    success="#1f7a3a",
    warning="#8a5a00",
    error="#b3261e",
    foreground="#1d2127",
    background="#f7f8fa",
    surface="#eceff3",
    panel="#dfe4ea",
    dark=False,
    variables={
        "block-cursor-text-style": "none",
        "block-cursor-background": "#bcdcec",
        "block-cursor-foreground": "#0f1317",
        "footer-background": "#eceff3",
        "scrollbar": "#b6c0cc",
        "scrollbar-background": "#f7f8fa",
        "footer-key-foreground": "#0b6a99",
    },
)


def terminal_is_light() -> bool:
    """Return whether the terminal says (in COLORFGBG) that its own background is light."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")
