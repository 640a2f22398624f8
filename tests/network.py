"""Watching what goes over the network: every process below one environment writes down whom it looks up or calls."""

import os
from pathlib import Path

WATCH = """
import os, sys

def _watch(event, given, file=os.environ["WATCHED_CALLS"]):
    if event == "socket.getaddrinfo":
        name = str(given[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(given[1], tuple):
        name = str(given[1][0])
    else:
        return
    if name not in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "None", ""):
        with open(file, "a") as told:
            told.write(f"{event} {name}\\n")

sys.addaudithook(_watch)
"""


class Watched:
    """An environment in which every Python process is watched, online and with a person's token as far as it knows."""

    def __init__(self, folder: Path) -> None:
        """Write the hook and the list of calls into a folder."""
        self.file = folder / "calls.txt"
        (folder / "watch").mkdir()
        (folder / "watch" / "sitecustomize.py").write_text(WATCH)
        offline = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
        self.unset = (*offline, "DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_UPDATE_DOWNLOAD_COUNTS")
        self.set = {
            "PYTHONPATH": str(folder / "watch"),
            "WATCHED_CALLS": str(self.file),
            "HF_HOME": str(folder / "hf"),
            "HF_TOKEN": "hf_" + "x" * 34,
        }

    def environment(self) -> dict[str, str]:
        """The whole environment of a process that is watched."""
        return {name: value for name, value in os.environ.items() if name not in self.unset} | self.set

    def calls(self) -> list[str]:
        """Whom anybody tried to reach."""
        return self.file.read_text().splitlines() if self.file.exists() else []
