"""What was found in the rows before the start, as lines of the results."""

import textwrap
from collections.abc import Iterator
from typing import Any

from tui.widgets.figures import one_line
from tui.widgets.spans import Part, Row


def found_rows(results: dict[str, Any], width: int) -> Iterator[Row]:
    """Yield the findings under one heading, each wrapped to the width."""
    found = results.get("found")
    heading = "the rows"
    for words in found if isinstance(found, list) else []:
        for line in textwrap.wrap(one_line(str(words)), max(20, width - 17)):
            yield (Part(f"  {heading:<14}", "muted"), Part(line, "warning"))
            heading = ""
