"""Answers with a score each become one list of answers, the best first."""

from collections.abc import Iterable, Iterator
from typing import Any


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with `ranked`: its answers by falling score; rows whose answers are all alike are left out."""
    scores = ("score", "rating", "rank_score", "overall_score", "reward", "votes", "pm_score")
    texts = ("text", "response", "answer", "content", "output", "completion")
    for row in rows:
        for value in row.values():
            entries = value if isinstance(value, list) and value and isinstance(value[0], dict) else []
            score = next((name for name in scores if entries and name in entries[0]), "")
            text = next((name for name in texts if entries and name in entries[0]), "")
            if score and text and len({float(entry[score]) for entry in entries}) > 1:
                ranked = sorted(entries, key=lambda entry: -float(entry[score]))
                yield {name: other for name, other in row.items() if other is not value} | {
                    "ranked": [str(entry[text]) for entry in ranked]
                }
