"""The night's other half: the ILS holds the patrons that we hold."""

from sync.ils.load import Told, load, preview
from sync.ils.loads import Loading
from sync.ils.night import loading_of, tell_ils
from sync.ils.trouble import UndeliveredError

__all__ = ["Loading", "Told", "UndeliveredError", "load", "loading_of", "preview", "tell_ils"]
