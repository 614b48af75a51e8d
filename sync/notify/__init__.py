"""Telling people: who must know that a night was held, failed, missed or is good again; and the report of a month."""

from sync.notify.rounds import after_run, tell
from sync.notify.telling import Told, try_out

__all__ = ["Told", "after_run", "tell", "try_out"]
