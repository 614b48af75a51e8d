"""What somebody typed into a form, as values."""

import re
from datetime import date

import click
from flask import request

from access_service.command_line import WHY
from access_service.errors import OperatorError, UnavailableError
from access_service.web.admin.office import Office

LONGEST, MOST_DIGITS = 500, 9


def text(name: str) -> str:
    """A field's words, without spaces around them. PostgreSQL takes no NUL."""
    return request.form.get(name, "").replace("\0", "").strip()


def lines(name: str) -> list[str]:
    """What stands in an area, a line each."""
    return [line.strip() for line in text(name).splitlines() if line.strip()]


def pairs(office: Office) -> list[tuple[str, str]]:
    """The districts to choose from, by code with their names."""
    return [(district.code, district.district.name) for district in office.districts()]


def reason(name: str) -> str:
    """OperatorError where it is none, as for the commands."""
    try:
        return WHY.convert(text(name)[:LONGEST], None, None)
    except click.BadParameter:
        raise OperatorError("the reason should be one line of words that says why") from None


def day(name: str, label: str) -> date:
    """OperatorError where it is none."""
    try:
        return date.fromisoformat(text(name))
    except ValueError:
        raise OperatorError(f"{label}: should be a date such as 2027-06-30") from None


def number(name: str) -> int | None:
    """A number of a row, None where it is none that could be."""
    said = text(name)
    return int(said) if said.isdecimal() and len(said) <= MOST_DIGITS else None


def insist(fact: object, otherwise: str) -> None:
    """OperatorError where something is not so."""
    if not fact:
        raise OperatorError(otherwise)


def sure() -> None:
    """OperatorError where the box was not ticked that says so."""
    insist(request.form.get("sure"), "tick the box that says you are sure")


def refused(error: OperatorError) -> str:
    """The line for the form that it is about: the options of the commands are fields of the same name here, but not
    where a command is named. What nobody can mend by typing is raised again."""
    if isinstance(error, UnavailableError):
        raise error
    return re.sub(r"(`[^`]*`)|--(?=[a-z])", lambda found: found[1] or "", str(error))
