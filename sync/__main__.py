"""python -m sync is roster-sync."""

from sync.cli import main

main()
