"""Whether a detached process outlives the terminal here: schedulers, containers and logind may end it all the same."""

import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path

from engine.limits import read_text
from engine.note import Note

SHELLS = ("bash", "sh", "zsh", "fish", "dash", "ash", "ksh", "tmux", "screen", "login", "su")
# Tiny first processes of containers, which live as long as their child does.
CARETAKERS = ("tini", "docker-init", "dumb-init", "catatonit", "conmon", "podman-init")
SYSTEMS = ("systemd", "init")


def kills_detached(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> Note | None:
    """Return what would end a detached run on this machine and how to avoid it; None where nothing would."""
    cgroup = read_text(root / "proc/self/cgroup")
    return _slurm(cgroup, environ) or _container(root, environ) or _logind(root, cgroup)


def _slurm(cgroup: str, environ: Mapping[str, str]) -> Note | None:
    """Slurm ends a step's whole control group, so a session of its own saves no process."""
    inside = re.search(r"slurm.*/job_(\d+)", cgroup)
    job = inside[1] if inside else environ.get("SLURM_JOB_ID", "")
    if not job or not (inside or {"SLURM_STEP_ID", "SLURM_STEPID"} & environ.keys()):
        return None
    return Note(
        "slurm_step",
        "warning",
        f"This shell is a step of Slurm job {job}: when it ends, Slurm ends all that it started, a detached run too",
        "start the run as a job of its own: sbatch --gpus=1 --wrap 'tunewright run run.yaml'",
    )


def _container(root: Path, environ: Mapping[str, str]) -> Note | None:
    """A container ends with its first process; one that runs an init system is a machine of its own."""
    first = _first_process(root)
    if not _in_container(root, environ) or first in SYSTEMS:
        return None
    if first in SHELLS:
        what = f"This container ends when its first process, the shell {first}, ends, and a detached run with it"
        fix = "start the container with docker run -d … sleep infinity, and open shells in it with docker exec"
        return Note("container_shell", "warning", what, fix)
    what = f"A detached run lives as long as this container, that is as its first process ({first or 'unknown'})"
    return Note("container", "good", what, "leave the container running until the run is done")


def _in_container(root: Path, environ: Mapping[str, str]) -> bool:
    if "KUBERNETES_SERVICE_HOST" in environ or "container" in environ:
        return True
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    return re.search(r"docker|kubepods|containerd|libpod|lxc", read_text(root / "proc/1/cgroup")) is not None


def _first_process(root: Path) -> str:
    """Return the name of process 1, or of its first child where process 1 only takes care of that one."""
    name = read_text(root / "proc/1/comm")
    if name in CARETAKERS:
        child = read_text(root / "proc/1/task/1/children").partition(" ")[0]
        name = (child and read_text(root / f"proc/{child}/comm")) or name
    return name


def _logind(root: Path, cgroup: str) -> Note | None:
    """Logind ends a login's scope if told to, and the user's own services once the last login closes."""
    user = _user()
    linger = (root / "var/lib/systemd/linger" / user).exists()
    scope = "systemd-run --user --scope tunewright"
    advice = f"start it with {scope}" if linger else f"once: loginctl enable-linger; then start it with {scope}"
    if re.search(r"/session-\w+\.scope", cgroup):
        settings = _logind_settings(root)
        spared = settings.get("KillExcludeUsers", "root").split()
        if settings.get("KillUserProcesses", "no").lower() not in ("yes", "true", "1", "on") or user in spared:
            return None
        what = "This machine ends every process of a login that closes (logind's KillUserProcesses), a detached run too"
        return Note("kill_user_processes", "warning", what, advice)
    if re.search(r"/user@\d+\.service", cgroup) and not linger:
        what = (
            "This shell belongs to your user manager, which ends with your last login and takes a detached run with it"
        )
        return Note("no_linger", "warning", what, "once: loginctl enable-linger")
    return None


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under an id that has no name
        return str(os.getuid())


def _logind_settings(root: Path) -> dict[str, str]:
    """Ask logind itself; where it does not answer, read its files, later ones first in importance."""
    answer = _ask_logind()
    if "KillUserProcesses" in answer:
        return _pairs(answer)
    homes = [root / place for place in ("usr/lib/systemd", "lib/systemd", "run/systemd", "etc/systemd")]
    drop_ins = sorted(
        (file for home in homes for file in home.glob("logind.conf.d/*.conf")), key=lambda file: file.name
    )
    return _pairs("\n".join(read_text(file) for file in [*(home / "logind.conf" for home in homes), *drop_ins]))


def _ask_logind() -> str:
    import subprocess

    command = ["loginctl", "show-user", "--property=KillUserProcesses", "--property=KillExcludeUsers"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=2, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _pairs(text: str) -> dict[str, str]:
    return {found[1]: found[2].strip() for found in re.finditer(r"^[ \t]*(Kill\w+)[ \t]*=(.*)$", text, re.MULTILINE)}
