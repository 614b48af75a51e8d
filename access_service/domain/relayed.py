"""What the ILS said of a cardholder of its own, in its words: for a dialect that is the ILS's own."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RelayedMessage:
    """A patron information response (64) of SIP2. `head` is the 59 characters between its code and its first field;
    `fields` are id and value, in its order, with CQ among them: Y for a right PIN and for nothing else."""

    head: str = field(repr=False)
    fields: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelayedPages:
    """Pages of a Patron API. `pintest` is None where no PIN was tested."""

    dump: str = field(repr=False)
    pintest: str | None = field(repr=False)


Relayed = RelayedMessage | RelayedPages
