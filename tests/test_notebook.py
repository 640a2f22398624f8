"""A script as a notebook: valid, in the order of its headings, and with a kernel the results of the script."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.notebook import notebook
from tests.forge import create

nbformat = pytest.importorskip("nbformat")  # a workshop that is not set up anew


def test_a_notebook_is_valid_and_has_a_title_for_every_heading() -> None:
    script = (
        '"""Teach a model.\n\nRun:  python train.py\nWrites: output/\n"""\n\n'
        '# /// script\n# dependencies = [\n#     "torch==2.13.0",\n# ]\n# ///\n# ruff: noqa: E402\n\nimport os\n\n'
        "# --- Settings ---\nA: int = 1\n\n\n# --- Main ---\ndef main():\n    return A\n\n\n"
        'if __name__ == "__main__":\n    main()\n'
    )
    known = nbformat.reads(notebook(script), as_version=4)
    nbformat.validate(known)
    sources = [cell.source for cell in known.cells]
    assert sources[0].startswith("# Teach a model.") and "Run:" not in sources[0]
    assert sources[1] == "%pip install -q torch==2.13.0"
    assert sources[2].startswith("import os") and "///" not in sources[2] and "ruff" not in sources[2]
    assert sources[3:] == [
        "## Settings",
        "A: int = 1",
        "## Main",
        "def main():\n    return A",
        "## Run",
        "results = main()",
    ]


@pytest.mark.slow
def test_a_kernel_gets_the_results_that_the_script_would_write(tmp_path: Path, llama: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    from tests.recipes.test_seam import CELLS

    folder = create(CELLS["sft"]({"llama": llama}, tmp_path), tmp_path / "runs")
    file = tmp_path / "train.ipynb"
    file.write_text(notebook((folder / "train.py").read_text()))
    whole: Any = nbformat.read(file, as_version=4)
    nbformat.validate(whole)
    whole.cells = [cell for cell in whole.cells if not cell.source.startswith("%pip")]
    nbclient.NotebookClient(whole, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    results = json.loads((tmp_path / "output" / "results.json").read_text())
    assert results["metrics"] and (tmp_path / "output" / "model").is_dir()
