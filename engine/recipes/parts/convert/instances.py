"""Instructions that hold a list of inputs and outputs become one row for each of them."""

from collections.abc import Iterable, Iterator
from typing import Any


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield instruction, input and output of every instance."""
    for number, row in enumerate(rows, 1):
        plain = {name: value for name, value in row.items() if isinstance(value, str)}
        task = next((plain[name] for name in ("instruction", "task", "prompt", "definition") if name in plain), "")
        nested = [value for value in row.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        for instance in nested[0] if nested else []:
            answer = instance.get("output", instance.get("response", instance.get("target")))
            answer = answer[0] if isinstance(answer, list) and answer else answer
            said = {"instruction": task, "input": instance.get("input") or "", "output": answer}
            yield {name: "" if value is None else str(value) for name, value in said.items()} | {
                "document": str(number)
            }
