"""What is wrong with the rows of a goal: doubles, leaks, spoiled texts, secrets, answers and classes that mislead."""

from engine.data.checks.examination import Asked, check, together

__all__ = ["Asked", "check", "together"]
