"""From what was typed or scanned to one patron, to those who could be meant, or to why there is nobody."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for

from access_service.audit import Action, Deed
from access_service.by_name import LONGEST, MOST, by_name
from access_service.domain.identifiers import MAX_TYPED
from access_service.domain.patron import PatronRecord
from access_service.domain.staff import Right
from access_service.settings import District
from access_service.storage import patrons
from access_service.storage.engine import database_errors
from access_service.story.words import grade_name, school_name
from access_service.web.admin.desk.patron import Shown, explainer
from access_service.web.admin.desk.words import said_of_nobody, shown_name
from access_service.web.admin.office import Office, who

TOO_LONG = f"No number and no name is like that: at most {LONGEST} characters, none of them a control character."
NO_SCHOOL = "Nobody has that as a number. To look for a name, choose the school too."
NO_NAME = "Nobody at that school has such a name. Ask how it is written, or for the number."


def look(office: Office) -> Shown:
    """The page that the box leads to. What was typed stands in no address."""
    typed, place = request.form.get("number", "").strip(), request.form.get("school", "")
    if len(typed) > LONGEST or not typed.isprintable():
        return _again(office, TOO_LONG)
    found = _numbered(office, typed, place) if typed else []
    named = not found and not any(map(str.isdigit, typed))
    if named:
        found = _named(office, typed, place)
    if len(found) == 1:
        return redirect(url_for("admin.desk.patron", patron_id=found[0].patron_id), 303)
    if found:
        return _choose(office, found, named=named)
    if named:
        return _again(office, (NO_NAME if place else NO_SCHOOL) if typed else "")
    return _nobody(office, typed)


def schools(office: Office) -> list[tuple[str, list[tuple[str, str]]]]:
    """By district the schools that can be chosen, as value and words."""
    found = []
    for district in office.districts():
        codes = {code for terms in district.rules.terms.values() for code in terms.schools}
        options = [(f"{district.code}/{code}", school_name(district, code)) for code in sorted(codes)]
        found.append((district.district.name, options))
    return found


def _numbered(office: Office, typed: str, place: str) -> list[PatronRecord]:
    """Everybody whose number it could be; with a school those who are there, if any is."""
    if len(typed) > MAX_TYPED:
        return []
    with database_errors(), office.databases.reader.connect() as connection:
        people = explainer(office, connection).people(typed)
    there = [each for each in people if f"{each.patron.district}/{each.patron.school}" == place]
    return there or people


def _named(office: Office, typed: str, place: str) -> list[PatronRecord]:
    code, _, school = place.partition("/")
    if code not in {district.code for district in office.districts()}:
        return []
    with database_errors(), office.databases.reader.connect() as connection:
        ids = by_name(connection, typed, code, school)
        records = {record.patron_id: record for record in patrons.records(connection, ids)}
    return [records[patron_id] for patron_id in ids if patron_id in records]


def _choose(office: Office, found: Sequence[PatronRecord], *, named: bool) -> Shown:
    """Who it could be, once it is on record whose names somebody looked at."""
    whole, few = who().may(Right.FULL_NAMES), found[:MOST]
    with database_errors(), office.auditor().transaction(office.databases) as noting:
        ids = {"patrons": [record.patron_id for record in few]}
        noting.note(Deed(Action.PATRON_VIEW, f"{len(few)} patrons", after=ids))
    people = [_row(record, office.district(record.patron.district), whole=whole) for record in few]
    several = len({record.patron.district for record in few}) > 1
    facts = {"people": people, "several": several, "named": named, "more": len(found) > MOST}
    return render_template("desk/choose.html", **facts), 200


def _row(record: PatronRecord, district: District, *, whole: bool) -> tuple[PatronRecord, str, str, str, str]:
    """A patron, and name, school, grade and district in words."""
    patron = record.patron
    grade = grade_name(patron.grade) if patron.grade else patron.role
    return record, shown_name(record, whole=whole), school_name(district, patron.school), grade, district.district.name


def _nobody(office: Office, typed: str) -> Shown:
    with database_errors(), office.databases.reader.connect() as connection:
        told = explainer(office, connection).explain(typed)
    word, step = said_of_nobody(told)
    return render_template("desk/nobody.html", told=told, word=word, step=step, schools=schools(office)), 200


def _again(office: Office, refused: str) -> Shown:
    page = render_template("desk/home.html", schools=schools(office), typed=request.form, refused=refused)
    return page, 422 if refused else 200
