"""Where the rows come from."""

TRAIN: str = "pairs.jsonl"  # a file, a folder of files, or a hub id
TEST: str = ""  # a file of test rows; empty: a share of the training rows is held out
GROUP: str = ""  # a column whose equal values stay together: one document is never in both train and test
COLUMNS: dict[str, str] = {}  # which column plays which role
