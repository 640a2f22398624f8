"""Documents that hold their questions, as in SQuAD and TAT-QA, become rows of question, context and answer."""

from collections.abc import Iterable, Iterator
from typing import Any


def text_in(value: Any) -> str:
    """Return the text in a value: the first of several answers, all cells of a table, the text of a marked span."""
    if isinstance(value, dict):
        return text_in(value.get("text", value.get("table", value.get("value", ""))))
    if isinstance(value, list):
        rows = [" | ".join(map(str, cell)) if isinstance(cell, list) else text_in(cell) for cell in value]
        return "\n".join(row for row in rows if row)
    return "" if value is None else str(value)


def first_answer(asked: dict[str, Any]) -> str:
    """Return the first of the alternative answers to a question, or the only one."""
    answers = asked.get("answers", asked.get("answer", asked.get("final_answer")))
    if isinstance(answers, dict):
        answers = answers.get("text")
    several = isinstance(answers, list) and bool(answers) and ("answers" in asked or isinstance(answers[0], dict))
    first = next(iter(answers or ())) if several else answers
    return ", ".join(map(str, first)) if isinstance(first, list) else text_in(first)


def asked_in(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the questions of a document, or the row itself where it is one question."""
    if "question" in {name.lower() for name in row}:
        return [{name.lower(): value for name, value in row.items()}]
    lists = [value for value in row.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    return next((value for value in lists if any("question" in entry for entry in value)), [])


def context_in(row: dict[str, Any]) -> str:
    """Return the text that the questions of a document are about."""
    names = (
        "table",
        "context",
        "contexts",
        "paragraphs",
        "passage",
        "passages",
        "article",
        "story",
        "text",
        "document",
    )
    lower = {name.lower(): value for name, value in row.items()}
    return "\n\n".join(filter(None, (text_in(lower[name]) for name in names if name in lower)))


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for every question; one that has no answer gets empty fields, and a training leaves it out."""
    for number, row in enumerate(rows, 1):
        paragraphs: list[Any] = row.get("paragraphs") or []
        nested = isinstance(paragraphs, list) and "qas" in (paragraphs or [""])[0]
        for part in paragraphs if nested else [row]:
            for asked in part.get("qas") or asked_in(part):
                answer = "" if asked.get("is_impossible") else first_answer(asked).strip()
                context = context_in(part) if answer else ""  # it does not answer: a row with empty fields is left out
                found = {"question": text_in(asked.get("question")), "context": context, "answer": answer}
                yield found | {"document": str(row.get("title") or number)}
