"""Rows from which something can be learned: texts, and not all the same ones."""

from datasets import Dataset


def check_texts(rows: tuple[Dataset, Dataset], *columns: str) -> None:
    """Refuse columns that hold no texts, and two columns that are equal in every row."""
    for side, name in zip(rows, ("training", "test"), strict=True):
        if not len(side):
            raise ValueError(f"no {name} rows have {' and '.join(columns)}: check data.columns and the rows")
    kinds = {column: getattr(rows[0].features[column], "dtype", "list") for column in columns}
    wrong = next((column for column, kind in kinds.items() if kind not in ("string", "large_string")), None)
    if wrong:
        raise ValueError(f"the column that plays {wrong} holds no texts but {kinds[wrong]}: correct data.columns")
    for place, column in enumerate(columns):
        for other in columns[place + 1 :]:
            if all(one == two for one, two in zip(rows[0][column], rows[0][other], strict=True)):
                raise ValueError(f"{column} and {other} are equal in every row: there is nothing to learn")
