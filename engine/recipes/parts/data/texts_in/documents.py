"""Every file of prose or code is one text to read on in."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.encoding import ENCODING


def texts_in(source: str) -> Dataset:
    """Return one row for each text file, in the order of their names."""
    options = {"sample_by": "document", "encoding": ENCODING, "encoding_errors": "replace"}
    return load_dataset("text", data_files=files_of(source), split="train", **options)
