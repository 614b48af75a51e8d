"""The process that starts nights when it is time: one for an installation, however many run."""

from sync.schedule.service import Service
from sync.schedule.timetable import as_json, as_text, timetable

__all__ = ["Service", "as_json", "as_text", "timetable"]
