"""Telling people: who must know that a night was held, failed, missed or is good again."""

from sync.notify.telling import Told, after_run, tell, try_out

__all__ = ["Told", "after_run", "tell", "try_out"]
