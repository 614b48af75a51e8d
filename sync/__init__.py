"""The night. Of it, reading a roster is useful alone: `from sync import read_roster`."""

from sync.reading import read_roster

__all__ = ["read_roster"]
