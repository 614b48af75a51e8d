"""Orders told until it is clear what became of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

from access_service.ils import Delivery, Ils
from sync.ils.api.answer import RefusedError, shown
from sync.ils.api.caller import Api, LogIn
from sync.ils.api.trouble import PassingError
from sync.ils.orders import Account, Order
from sync.ils.shape import Call, CallTogether

FIRST_WAIT = 0.5  # seconds; twice as long after each try
LONGEST_WAIT = 60.0  # seconds
# So many orders in a row can be what breaks the server; if it is more, the server is broken.
MOST_BREAKING = 3

# Tells one order, beginning with a look at what is there: it may have been told before. Errors: as Api.ask.
Tell = Callable[[Api, Order], None]
# Tells orders of one action, and has an answer each. A RefusedError is of nobody in particular.
TellTogether = Callable[[Api, Sequence[Order]], list[str]]


@contextmanager
def telling(ils: Ils, log_in: LogIn, tell: Tell) -> Iterator[Call]:
    """What a format's `api` is."""
    with Api(ils.delivery, log_in) as api:
        yield _one_by_one(api, ils, tell)


@contextmanager
def telling_together(ils: Ils, log_in: LogIn, tell: TellTogether) -> Iterator[CallTogether]:
    """What a format's `together` is. Where the ILS breaks on all of them, or does not say on whom, one by one."""
    with Api(ils.delivery, log_in) as api:
        alone = _one_by_one(api, ils, partial(_alone, tell))

        def call(orders: Sequence[Order]) -> list[str]:
            answers: list[str] = []
            try:
                refused = _told(lambda: answers.extend(tell(api, orders)), ils.delivery)
            except PassingError as error:
                if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                refused = str(error)
            if refused:
                return list(map(alone, orders))
            return [shown(words, _personal(order.account)) for order, words in zip(orders, answers, strict=True)]

        yield call


def _alone(tell: TellTogether, api: Api, order: Order) -> None:
    (words,) = tell(api, [order])
    if words:
        raise RefusedError(words)


def _one_by_one(api: Api, ils: Ils, tell: Tell) -> Call:
    breaking = 0

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

    return call


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
