"""Files of a folder that may come from a stranger: regular files only, within bounds, never written through a link.

Needs nothing but the standard library: screens, commands and workers all use it.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import IO, Any

LIMIT = 1 << 20
"""Bytes that a file may have where nothing else is said: what tunewright writes of this kind is far smaller."""
DEPTH = 100
"""Levels that JSON and YAML may be nested."""
READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def open_regular(path: Path, *, follow: bool = False) -> IO[bytes]:
    """Open a regular file to be read; an OSError for a link (unless `follow`), a pipe, a device. Never waits."""
    return os.fdopen(_regular(path, READ | (0 if follow else os.O_NOFOLLOW)), "rb")


def open_to_append(path: Path) -> IO[bytes]:
    """Open a regular file to be appended to, made (mode 0600) where there is none; an OSError for anything else."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.fdopen(_regular(path, flags), "ab", buffering=0)


def _regular(path: Path, flags: int) -> int:
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(error.errno, _what(path), str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, _what(path), str(path))
    return handle


def _what(path: Path) -> str:
    return "it is a link" if path.is_symlink() else "it is no regular file"


def read(path: Path, limit: int = LIMIT, *, follow: bool = False) -> bytes:
    """Return what a regular file holds; an OSError for anything else, and for more than `limit` bytes."""
    with open_regular(path, follow=follow) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 10:,} KiB", str(path))
    return content


def read_text(path: Path, limit: int = LIMIT, *, follow: bool = False) -> str:
    """Return the text of a regular file (UTF-8, with or without a byte order mark)."""
    return read(path, limit, follow=follow).decode("utf-8-sig")


def read_json(path: Path, limit: int = LIMIT, *, follow: bool = False) -> Any:
    """Return the value in a JSON file; a ValueError where it is none, or nested deeper than anything of ours."""
    return parse_json(read_text(path, limit, follow=follow))


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; a ValueError where it is none, or nested deeper than `DEPTH`."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Raise a ValueError where lists and objects are nested deeper than `DEPTH`; itself it never goes deep."""
    level, depth = [value], 0
    while level := [inner for outer in level if isinstance(outer, (dict, list)) for inner in _inside(outer)]:
        depth += 1
        if depth > DEPTH:
            raise ValueError("it is nested too deep")


def _inside(outer: dict[Any, Any] | list[Any]) -> list[Any]:
    return [
        inner for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, (dict, list))
    ]


def write(folder: Path, name: str, content: bytes = b"") -> None:
    """Write a file (mode 0600) below a folder, whole or not at all; an OSError where the way there leads over a link.

    The file is made anew under a random name and takes the place of `name`: a link there is replaced, not followed.
    """
    with _parent(folder, name) as (parent, last):
        fresh = f".{last}.{os.urandom(8).hex()}"
        handle = os.open(
            fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent
        )
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(fresh, last, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(fresh, dir_fd=parent)
            raise


def remove(folder: Path, name: str) -> None:
    """Remove a file below a folder where there is one; the way there leads over no link."""
    with _parent(folder, name) as (parent, last), suppress(FileNotFoundError):
        os.unlink(last, dir_fd=parent)


@contextmanager
def _parent(folder: Path, name: str) -> Iterator[tuple[int, str]]:
    """Open the folder in which `name` lies, step by step and over no link; `folder` itself is where the person says."""
    *steps, last = PurePath(name).parts
    handle = os.open(folder, FOLDER)
    try:
        for step in steps:
            inner = os.open(step, FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, last
    finally:
        os.close(handle)
