"""The night's other half: the ILS holds the patrons that we hold."""

from sync.ils.extract import take
from sync.ils.hearing import heard
from sync.ils.incoming import ExtractRefusedError
from sync.ils.load import Told, load, preview
from sync.ils.loads import Loading
from sync.ils.night import ask_ils, loading_of, reading_of, tell_ils
from sync.ils.reading import Reading
from sync.ils.trouble import UndeliveredError

__all__ = [
    "ExtractRefusedError",
    "Loading",
    "Reading",
    "Told",
    "UndeliveredError",
    "ask_ils",
    "heard",
    "load",
    "loading_of",
    "preview",
    "reading_of",
    "take",
    "tell_ils",
]
