"""Rows that could not be used: kept sealed for a while, shown, mended and replayed."""

from sync.quarantine.replay import Replay
from sync.quarantine.seal import Seal
from sync.quarantine.shelf import Shelf, Staged, age_out

__all__ = ["Replay", "Seal", "Shelf", "Staged", "age_out"]
