"""Orders told until it is clear what became of them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from access_service.ils import Delivery, Ils
from sync.ils.api.answer import RefusedError, shown
from sync.ils.api.caller import Api, LogIn, PassingError
from sync.ils.orders import Account, Order
from sync.ils.shape import Call

FIRST_WAIT = 0.5  # seconds; twice as long after each try
LONGEST_WAIT = 60.0  # seconds
# So many orders in a row can be what breaks the server; if it is more, the server is broken.
MOST_BREAKING = 3

# Tells one order, beginning with a look at what is there: it may have been told before. Errors: as Api.ask.
Tell = Callable[[Api, Order], None]


@contextmanager
def telling(ils: Ils, log_in: LogIn, tell: Tell) -> Iterator[Call]:
    """What a format's `api` is."""
    breaking = 0
    with Api(ils.delivery, log_in) as api:

        def call(order: Order) -> str:
            nonlocal breaking
            try:
                words = _told(lambda: tell(api, order), ils.delivery)
            except PassingError as error:
                breaking += 1
                if error.status != HTTPStatus.INTERNAL_SERVER_ERROR or breaking > MOST_BREAKING:
                    raise
                return "HTTP 500: it breaks on this one; ask who runs it"
            breaking = 0
            return shown(words, _personal(order.account))

        yield call


def _told(tell: Callable[[], None], delivery: Delivery) -> str:
    """Why it was refused, or ""."""
    left = delivery.tries
    while True:
        left -= 1
        try:
            tell()
        except RefusedError as error:
            return str(error)
        except PassingError as error:
            if not left:
                raise
            usual = FIRST_WAIT * 2 ** (delivery.tries - left - 1)
            time.sleep(max(error.after, min(usual, LONGEST_WAIT)))
        else:
            return ""


def _personal(account: Account) -> tuple[str, ...]:
    return account.family_name, account.given_name, account.student_number, account.pin
