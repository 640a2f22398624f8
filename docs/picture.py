"""Draw the README's picture: the program's own export of the live screen, while it trains the embedded example."""

import asyncio
import sys
from pathlib import Path

from engine import run, run_folder
from engine.roots import root
from tui.app import Tunewright

STEP = 60
SIZE = (120, 36)


async def picture(folder: Path, target: Path) -> None:
    """Watch a run until it is past `STEP`, then write what the screen shows as SVG."""
    app = Tunewright(folder.parent, watch=folder)
    async with app.run_test(size=SIZE) as pilot:
        while run.history(folder).step < STEP:
            await pilot.pause(0.5)
        await pilot.pause(2)
        target.write_text(app.export_screenshot(title="tunewright"), "utf-8")


if __name__ == "__main__":
    asyncio.run(picture(run_folder.find(root(), None), Path(sys.argv[1])))
