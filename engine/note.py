"""What is good, doubtful or wrong about a machine, in the two shapes that screens and commands show."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Note:
    """A fact about the machine that a person should know, and what to do about it; `code` is stable for programs."""

    code: str
    level: Level
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `tunewright doctor`: what was looked at, the verdict, what was seen, and the fix."""

    name: str
    level: Level
    value: str
    advice: str = ""
