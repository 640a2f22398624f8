"""Begins every Python below `tunewright watch -- COMMAND`: the first Hugging Face trainer in it reports to the journal.

The folder of this file is put on PYTHONPATH, so that a script and its own interpreter stay as they are. It needs
nothing but the standard library, keeps clear of the script's modules, and begins the sitecustomize that it hides.
"""

import functools
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

VARIABLE = "TUNEWRIGHT_WATCHED"
"""Names the folder of the run in the environment of every process below the command."""
WATCHED = "transformers.trainer_callback"
HOOK = __file__.rpartition(os.sep)[0]
PACKAGE = HOOK.rpartition(os.sep)[0].rpartition(os.sep)[0]


class Waiting:
    """Finds no module itself: it waits until somebody imports the trainer's callbacks, and is gone then."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002
        """Return what the other finders find, with our step after it, for the one module that is waited for."""
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_attach(module: ModuleType) -> None:
                execute(module)
                attach(module)

            spec.loader.exec_module = execute_and_attach  # type: ignore[method-assign]
        return spec


def attach(module: ModuleType) -> None:
    """Let every handler of callbacks that is made from now on have ours among its own."""
    handler: Any = module.CallbackHandler
    make = handler.__init__

    @functools.wraps(make)
    def make_with_guest(self: Any, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        try:
            self.add_callback(guests()(os.environ[VARIABLE]))
        except Exception as error:  # noqa: BLE001 - the script came to train, not to be watched
            print(f"tunewright can't watch this trainer ({type(error).__name__}: {error})", file=sys.stderr)

    handler.__init__ = make_with_guest


@functools.cache
def guests() -> Callable[[str], Any]:
    """Return our callback's class; the script's own `engine`, if it has one, is out of the way only meanwhile."""
    theirs = _take_engine()
    try:
        spec = importlib.util.spec_from_file_location(
            "engine", os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]  # noqa: PTH118
        )  # fmt: skip
        if spec is None or spec.loader is None:
            raise ImportError(f"tunewright's own package can't be read at {PACKAGE}")
        sys.modules["engine"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["engine"])
        return importlib.import_module("engine.worker.guest").Guest  # type: ignore[no-any-return]
    finally:
        _take_engine()
        sys.modules.update(theirs)


def _take_engine() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == "engine" or name.startswith("engine.")]
    return {name: sys.modules.pop(name) for name in names}


def begin_the_hidden_one() -> None:
    """Begin the sitecustomize that would have begun without us."""
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    sys.path[:] = [place for place in sys.path if place != HOOK]
    if VARIABLE in os.environ:
        sys.meta_path.insert(0, Waiting())  # type: ignore[arg-type]
    begin_the_hidden_one()
