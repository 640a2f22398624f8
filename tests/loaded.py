"""A Python with the training libraries loaded: stands in where a test starts workers, and starts one in no time.

Each start is a process of its own with the arguments, environment, files and session that it was given; only the loading
of the libraries is shared, as in `tests.forge`. Other questions (`-c`, `-m`, `--wait`) go to the real Python. What
tests the loading itself, or the process that was started (a warm worker's number), keeps to the real one.
"""

import atexit
import ctypes
import functools
import json
import multiprocessing
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

STAND_IN = """#!{python} -IS
import json, os, signal, socket, sys
if sys.argv[1:2] != ["-P"] or "--wait" in sys.argv:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
leads = os.getsid(0) == os.getpid()
asked = {{"argv": sys.argv[2:], "folder": os.getcwd(), "environ": dict(os.environ), "leads": leads}}
place = socket.socket(socket.AF_UNIX)
place.connect({address!r})
socket.send_fds(place, [b"."], [0, 1, 2])
place.sendall(json.dumps(asked).encode() + b"\\n")
os.closerange(0, 3)
code = place.recv(1)
if not code:
    os.kill(os.getpid(), signal.SIGKILL)
os._exit(code[0])
"""


@functools.cache
def python() -> str:
    """Start the process that waits with the libraries, once, and return the path of the stand-in for Python."""
    from tests.forge import _forge

    home = Path(tempfile.mkdtemp(prefix="loaded-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    address = str(home / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    path = subprocess.check_output([sys.executable, "-P", "-c", "import json, sys; print(json.dumps(sys.path))"])
    _forge().Process(target=_serve, args=(listener, json.loads(path)), daemon=True).start()
    listener.close()
    stand_in = home / "python"
    stand_in.write_text(STAND_IN.format(python=sys.executable, address=address))
    stand_in.chmod(0o755)
    return str(stand_in)


def stands_in(program: str) -> bool:
    """Whether a program is the stand-in."""
    return bool(python.cache_info().currsize) and program == python()


def _serve(listener: socket.socket, path: list[str]) -> None:
    """Fork a child with this module path for each that connects, until the tests are over."""
    parent = parent_process()
    assert parent is not None
    while parent.sentinel not in connection.wait([listener, parent.sentinel], 1):
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        listener.settimeout(0)
        with suppress(BlockingIOError):
            place, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _begin(place, path)
            place.close()


def _begin(place: socket.socket, path: list[str]) -> None:
    """Become the program that was asked for, and never return."""
    place.setblocking(True)
    _, handles, _, _ = socket.recv_fds(place, 1, 3)
    asked = json.loads(place.makefile("r").readline())
    if asked["leads"]:
        os.setsid()
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    for name in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, 1) for number, mode in enumerate("rww"))
    _be_called([sys.executable, "-P", *asked["argv"]])
    threading.Thread(target=_die_with, args=(place,), daemon=True).start()
    code = _run(asked["argv"])
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OSError):
        place.send(bytes([code & 255]))
    os._exit(code & 255)


def _be_called(words: list[str]) -> None:
    """Write a command line over the one that this process was forked with: a worker is known by it."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    line = b"\0".join(map(os.fsencode, words))
    assert len(line) < end - start
    ctypes.memmove(start, line.ljust(end - start, b"\0"), end - start)


def _die_with(place: socket.socket) -> None:
    """End this process when the one that stands for it is killed."""
    place.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(argv: list[str]) -> int:
    """Run a script as the main program, and return its status."""
    sys.argv = argv
    try:
        runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as stop:
        return _status(stop.code)
    except BaseException:  # noqa: BLE001 - as Python ends with whatever was raised
        import traceback

        traceback.print_exc()
        return 1
    return 0


def _status(code: Any) -> int:
    """What a process that ends by SystemExit returns."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1
