"""The list of all commands, with a page key that is pressed before the list is drawn left alone."""

from textual.command import CommandList
from textual.command import CommandPalette as LibraryPalette


class CommandPalette(LibraryPalette):
    """Textual's palette; there a page key raises a KeyError while the list has commands and no lines yet."""

    def _action_command_list(self, action: str) -> None:
        drawn = self.query_one(CommandList).scrollable_content_region.height > 0
        if drawn or not action.startswith("page_"):
            super()._action_command_list(action)
