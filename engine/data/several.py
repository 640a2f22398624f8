"""A look at several tasks at once: each file by itself, and what they come to together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.data.examine import examine
from engine.data.facts import DataFacts, DataProblem, Lengths, Suit
from engine.data.within import within


def examine_tasks(tasks: Sequence[Mapping[str, Any]]) -> DataFacts:
    """Look at the file of every task; raises Problem when one of them holds no rows."""
    parts = [examine(str(task.get("file", ""))) for task in tasks]
    return DataFacts(
        path=", ".join(Path(part.path).name for part in parts),
        format="tasks",
        confidence=min(part.confidence for part in parts),
        why=f"{len(parts)} tasks are learned at once",
        rows=sum(part.rows for part in parts),
        columns=(),
        suits=_suits(parts),
        lengths=_lengths(parts),
        problems=tuple(_named(problem, part) for part in parts for problem in (*part.problems, *_merged(part))),
        examples=tuple(part.examples[0] for part in parts if part.examples)[:3],
        parts=tuple(parts),
    )


def _suits(parts: Sequence[DataFacts]) -> tuple[Suit, ...]:
    """Several tasks are learned by imitation; each has columns of its own."""
    fits = all(any(suit.goal == "sft" and suit.convert == "none" for suit in part.suits) for part in parts)
    return (Suit("sft", {}, "the model learns all tasks at once"),) if fits else ()


def _lengths(parts: Sequence[DataFacts]) -> Lengths:
    """Return lengths of the rows together; where that is not known exactly, the longer ones."""
    rows = sum(part.rows for part in parts)
    return Lengths(
        mean=round(sum(part.rows * part.lengths.mean for part in parts) / max(1, rows), 1),
        median=max(part.lengths.median for part in parts),
        p95=max(part.lengths.p95 for part in parts),
        p99=max(part.lengths.p99 for part in parts),
        longest=max(part.lengths.longest for part in parts),
    )


def _merged(part: DataFacts) -> list[DataProblem]:
    """A task reads its whole folder, so that splits in it must be named."""
    if not part.part:
        return []
    advice = f"give the task file: {within(part.path, part.part)} and test: {part.test}"
    return [DataProblem("test_inside", "the folder holds test rows, which would be learned", None, "wrong", advice)]


def _named(problem: DataProblem, part: DataFacts) -> DataProblem:
    return replace(problem, message=f"{Path(part.path).name}: {problem.message}")
