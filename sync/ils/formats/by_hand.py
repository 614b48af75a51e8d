"""What an ILS can be told of one whose number alone is known, but not by its load: a list for staff."""

from collections.abc import Sequence

from sync.ils.orders import Order
from sync.ils.shape import BY_HAND, LoadFile


def by_hand(part: str, orders: Sequence[Order]) -> LoadFile:
    """Numbers, and the last day of each."""
    rows = (f"{order.account.library_number},{order.account.expires}\n" for order in orders)
    return LoadFile(f"{part}-{BY_HAND}.csv", ("".join(["barcode,expires\n", *rows]).encode(),))
