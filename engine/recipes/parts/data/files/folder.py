"""The rows lie in the tables of a folder."""

from pathlib import Path

from engine.recipes.parts.data.ending import ending


def files_of(source: str) -> list[str]:
    """Return the tables of the kind that the folder has most of, in the order of their names."""
    folder = Path(source)
    inside = sorted(str(file) for file in folder.rglob("*") if file.is_file() and not is_aside(file, folder))
    kinds = (("json", "jsonl", "ndjson"), ("csv", "tsv", "tab"), ("parquet",), ("arrow",))
    return max(([file for file in inside if ending(file)[1:] in kind] for kind in kinds), key=len)


def is_aside(file: Path, folder: Path) -> bool:
    """Return whether a file stands beside the data, as a model card, a licence, hidden files and caches do."""
    beside = {"readme", "license", "licence", "notice", "changelog", "citation", "copying"}
    named = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
    hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    cached = file.name.startswith("cache-") and file.suffix == ".arrow"  # what `datasets` has made of the rows
    return hidden or cached or file.name in named or file.name.split(".")[0].lower() in beside
