from pathlib import Path

from tests.commands import Commands
from tests.operations import fits, followed, masked


def test_the_page_shows_what_commands_print(tmp_path: Path, commands: Commands) -> None:
    """docs/operations.md, followed from its first command to its last in a folder of its own."""
    count = 0
    for count, (step, printed) in enumerate(followed(tmp_path, commands), start=1):  # noqa: B007
        assert fits(step.shown, printed), (step.command, masked(step.shown), masked(printed))
    assert count > 40
