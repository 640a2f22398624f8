"""Values of JSON as tables can hold them."""

import json
from typing import Any


def number(digits: str) -> int | float:
    """Return a whole number, or the nearest fraction where it has more than 64 bits."""
    value = int(digits) if len(digits) < 40 else 2**64
    return value if -(2**63) <= value < 2**64 else float(digits)


def json_value(text: str) -> Any:
    """Return the value of a JSON text; half of a letter, which no file can hold, raises a ValueError."""
    value = json.loads(text, parse_int=number)
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value
