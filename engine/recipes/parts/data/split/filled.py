"""A share of the rows is held out by content; a small test is filled up, groups stay whole, every class has its own."""

from collections import Counter, defaultdict

from datasets import Dataset

from engine.recipes.parts.data.row_place import TEST_FRACTION, place_of, places_of


def split(rows: Dataset, group: str = "", kind: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows: each row is drawn by its content, or by its value of the column `group`.

    Where a row goes does not depend on other rows, so rows that are added move none of the old ones. Only a test that
    is expected to hold fewer than ten is filled up to its share instead, in the same order. Every value of the column
    `kind` that has two rows or groups gets its share of the test, and keeps some in the training.
    """
    places = [place_of(str(value)) for value in rows[group]] if group else places_of(rows)
    if not group and len(set(places)) == 1:  # rows that are all equal can't be told apart by what is in them
        places = [place_of(str(index)) for index in range(len(rows))]
    kinds = [str(value) for value in rows[kind]] if kind in rows.column_names else [""] * len(rows)
    sizes: dict[float, Counter[str]] = defaultdict(Counter)
    for place, value in zip(places, kinds, strict=True):
        sizes[place][value] += 1
    remaining, drawn = Counter(kinds), Counter(value for own in sizes.values() for value in own)
    below = Counter(value for place, value in zip(places, kinds, strict=True) if place < TEST_FRACTION)
    wanted = Counter(
        {
            value: max(1, below[value] if TEST_FRACTION * drawn[value] >= 10 else round(TEST_FRACTION * size))
            for value, size in remaining.items()
        }
    )
    held_out: set[float] = set()
    for place in sorted(sizes):
        own = sizes[place]
        if any(wanted[value] > 0 for value in own) and all(size < remaining[value] for value, size in own.items()):
            held_out.add(place)
            remaining.subtract(own)
            wanted.subtract(own)
    return (
        rows.select([index for index, place in enumerate(places) if place not in held_out]),
        rows.select([index for index, place in enumerate(places) if place in held_out]),
    )
