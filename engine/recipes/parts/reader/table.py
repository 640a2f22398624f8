"""Tables as text (csv, tsv): every cell is the text that stands there, so that 007 and 1.10 stay what they are."""

import csv
from collections.abc import Iterator
from typing import Any

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.flaws.refused import flaw
from engine.recipes.parts.opened import opened

DELIMITER: str = ","  # what stands between two cells
QUOTED: bool = True  # cells may stand in quotes; False: quotes are letters
HEADER: bool = True  # the first line names the columns; False: they are called column_1, column_2 and so on


def whole_rows(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of every row; a quote that is never closed, or stands where none may, is a flaw."""
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            flaw(file, line, f"is no valid row of a table: {error}", "")
            if "limit" in str(error):
                return


def load(source: str) -> Iterator[dict[str, str]]:
    """Yield the rows of all files of a source; a row with too few or too many cells is a flaw."""
    csv.field_size_limit(1 << 24)
    for file in files_of(source):
        with opened(file) as stream:
            quoted: dict[str, Any] = {} if QUOTED else {"quoting": csv.QUOTE_NONE}
            reader = csv.reader(stream, delimiter=DELIMITER, strict=True, **quoted)
            names: list[str] = []
            for line, cells in whole_rows(reader, file):
                if cells and not names:
                    known = [name if name.strip() else f"Unnamed: {place}" for place, name in enumerate(cells)]
                    names = known if HEADER else [f"column_{place}" for place in range(1, len(cells) + 1)]
                    if HEADER:
                        continue
                if cells and len(cells) != len(names):
                    flaw(file, line, f"has {len(cells)} cells and not {len(names)}", DELIMITER.join(cells))
                elif cells:
                    yield dict(zip(names, cells, strict=True))
