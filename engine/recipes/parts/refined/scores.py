"""Scores are brought to the span from 0 to 1."""

from datasets import Dataset

SCORE_RANGE: tuple[float, ...] = ()  # the lowest and the highest score that the scale of the rows knows


def refined(rows: Dataset) -> Dataset:
    """Return the rows with scores from 0 to 1; a score outside the scale is refused."""
    if "score" not in rows.column_names:
        return rows
    low, high = SCORE_RANGE
    scores = [float(str(score)) for score in rows["score"]]
    strange = next((score for score in scores if not low <= score <= high), None)
    if strange is not None:
        raise ValueError(f"the score {strange:g} lies outside {low:g} to {high:g}: correct data.score_range")
    return rows.remove_columns("score").add_column("score", [(score - low) / (high - low) for score in scores])
