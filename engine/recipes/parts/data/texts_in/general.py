"""A file of prose or code is one text to read on in, a row of a table as well."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.data.plain_text_files import is_text
from engine.recipes.parts.encoding import ENCODING
from engine.recipes.parts.taken.plain import source_rows


def texts_in(source: str) -> Dataset:
    """Return the rows of a table, or one row for each text file, in the order of their names."""
    files = files_of(source)
    if not files or not all(is_text(file) for file in files):
        return source_rows(source)
    options = {"sample_by": "document", "encoding": ENCODING, "encoding_errors": "replace"}
    return load_dataset("text", data_files=files, split="train", **options)
