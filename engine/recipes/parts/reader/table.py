"""Tables as text (csv, tsv): every cell is the text that stands there, so that 007 and 1.10 stay what they are."""

import csv
from collections.abc import Iterator
from typing import Any

from engine.recipes.parts.files import files_of
from engine.recipes.parts.opened import opened

DELIMITER: str = ","  # what stands between two cells
QUOTED: bool = True  # cells may stand in quotes; False: quotes are letters
HEADER: bool = True  # the first line names the columns; False: they are called column_1, column_2 and so on


def load(source: str) -> Iterator[dict[str, str]]:
    """Yield the rows of all files of a source; a row with too few or too many cells raises a ValueError."""
    csv.field_size_limit(1 << 24)
    for file in files_of(source):
        with opened(file) as stream:
            quoted: dict[str, Any] = {} if QUOTED else {"quoting": csv.QUOTE_NONE}
            reader = csv.reader(stream, delimiter=DELIMITER, strict=True, **quoted)
            names: list[str] = []
            for cells in reader:
                if cells and not names:
                    known = [name if name.strip() else f"Unnamed: {place}" for place, name in enumerate(cells)]
                    names = known if HEADER else [f"column_{place}" for place in range(1, len(cells) + 1)]
                    if HEADER:
                        continue
                if cells and len(cells) != len(names):
                    raise ValueError(f"{file}, line {reader.line_num} has {len(cells)} cells and not {len(names)}")
                if cells:
                    yield dict(zip(names, cells, strict=True))
