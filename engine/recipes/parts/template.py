"""How the columns of a row become one prompt."""

import re
from typing import Any


def filled(template: str, row: dict[str, Any]) -> str:
    """Return the template with {instruction}, {input} and {prompt} put in; what a row says is never taken for one."""
    return re.sub(r"\{(instruction|input|prompt)\}", lambda found: str(row.get(found[1]) or ""), template).strip()
