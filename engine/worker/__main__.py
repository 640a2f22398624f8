"""Start a worker by path: `python -P engine/worker/__main__.py RUN_FOLDER`; `--keep RUN_FOLDER` keeps a command.

The package `engine` is taken from this file's own place and nothing is put on the module path, so that it works
in any Python that has the training libraries, and a foreign `engine` in the user's project is never imported.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def own_package() -> None:
    """Make `engine` mean this installation, whatever else is called engine on this machine."""
    place = PACKAGE / "__init__.py"
    spec = importlib.util.spec_from_file_location("engine", place, submodule_search_locations=[str(PACKAGE)])
    if spec is None or spec.loader is None:
        raise SystemExit(f"tunewright's own package can't be read at {PACKAGE}: install tunewright again")
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    own_package()
    if sys.argv[1] == "--keep":
        from engine.worker.keeper import keep

        sys.exit(keep(Path(sys.argv[2])))
    from engine.worker.worker import work

    sys.exit(work(sys.argv[1:]))
