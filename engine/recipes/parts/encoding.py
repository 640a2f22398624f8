"""How letters are written."""

ENCODING: str = "utf-8"  # how the letters of the files are written
