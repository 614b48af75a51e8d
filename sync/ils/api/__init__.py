"""Orders as calls of an ILS's API: one at a time, repeated where that can help, and never with a word of who it is."""

from sync.ils.api.answer import Answer, RefusedError
from sync.ils.api.caller import Api, LogIn
from sync.ils.api.login import client_credentials
from sync.ils.api.patience import Tell, TellTogether, telling, telling_together
from sync.ils.api.patrons import Patrons, There, tell, the_one
from sync.ils.api.trouble import PassingError

__all__ = [
    "Answer",
    "Api",
    "LogIn",
    "PassingError",
    "Patrons",
    "RefusedError",
    "Tell",
    "TellTogether",
    "There",
    "client_credentials",
    "tell",
    "telling",
    "telling_together",
    "the_one",
]
