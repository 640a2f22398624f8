"""Rows of two texts and whether they belong together."""

from datasets import Dataset

from engine.recipes.parts.encoder import QUERY_PROMPT
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def verdict(label: object) -> int:
    """Return 1 for a pair that matches and 0 for one that does not; any other label is refused."""
    known = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0}
    found = known.get(str(label).strip().lower())
    if found is None:
        raise ValueError(f"the label {label!r} is neither 1 (a match) nor 0: for other classes take SoftmaxLoss")
    return found


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows; both kinds of pairs are in each."""
    train, test = (
        rows.map(lambda row: {"same": verdict(row["label"])}).remove_columns("label").rename_column("same", "label")
        for rows in read_rows("label")
    )
    order = ["sentence1", "sentence2", "label"]
    rows = train.select_columns(order), test.select_columns(order)
    check_texts(rows, "sentence1", "sentence2")
    for side, name in zip(rows, ("training", "test"), strict=True):
        if len(set(side["label"])) == 1:
            raise ValueError(f"every {name} row has the label {side['label'][0]}: matches and others are both needed")
    return rows


def prompts() -> dict[str, str]:
    """Return the text that is put before each column: both are texts of one kind."""
    return {"sentence1": QUERY_PROMPT, "sentence2": QUERY_PROMPT}
