"""Conversations in which the assistant may call tools."""

import json
from typing import Any


def tools_of(row: dict[str, Any]) -> Any:
    """Return the tools of a row, which may be written as JSON."""
    tools = row.get("tools")
    return json.loads(tools) if isinstance(tools, str) and tools.strip() else tools or None
