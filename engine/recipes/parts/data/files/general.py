"""The rows lie in a file, in the files that match a pattern, or in a folder of tables or of texts."""

from pathlib import Path

from engine.recipes.parts.data.ending import ending


def code_endings() -> set[str]:
    """Return the endings of files that hold code."""
    names = (
        "bash bat c cc clj cmake cpp cs css cu cxx dart el elm erl ex f90 fs go gradle graphql groovy h hpp hs html "
        "hxx java jl js jsx kt less lisp lua m mjs ml mm nim php pl proto ps1 py r rb rs sass scala scss sh sol sql "
        "svelte swift tcl tex tf toml ts tsx v vb vhd vue xml yaml yml zig"
    )
    return {f".{name}" for name in names.split()}


def is_aside(file: Path, folder: Path) -> bool:
    """Return whether a file stands beside the data of a folder, as a model card, a licence and hidden files do."""
    beside = {"readme", "license", "licence", "notice", "changelog", "citation", "copying"}
    named = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "requirements.txt"}
    folders = file.relative_to(folder).parts[:-1]
    hidden = any(part.startswith((".", "_")) for part in folders) or file.name.startswith(".")
    private = file.name.startswith("_") and ending(file.name) not in code_endings()
    cached = (
        file.name.startswith("cache-") and file.suffix == ".arrow"
    )  # what `datasets` has made of the rows beside it
    return hidden or private or cached or file.name in named or file.name.split(".")[0].lower() in beside


def files_of(source: str) -> list[str]:
    """Return the files that a name stands for.

    Of a folder these are the files of one kind: tables before plain texts, then the kind with the most files.
    """
    path = Path(source)
    if path.is_file():
        return [source]
    if not path.is_dir():
        found = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        return sorted(str(file) for file in found if file.is_file())
    inside = sorted(str(file) for file in path.rglob("*") if file.is_file() and not is_aside(file, path))
    kinds = (("json", "jsonl", "ndjson"), ("csv", "tsv", "tab"), ("parquet",), ("arrow",))
    tables = [[file for file in inside if ending(file)[1:] in kind] for kind in kinds]
    return max(tables, key=len) or texts_of(inside)


def texts_of(files: list[str]) -> list[str]:
    """Return the files that are plain texts: prose, or code."""
    texts = {".txt", ".text", ".md", ".markdown", ".rst"} | code_endings()
    return [file for file in files if ending(file) in texts]
