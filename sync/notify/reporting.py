"""The report of a month, by mail to the contacts of the agreement: once, whatever restarts or fails."""

from datetime import date, datetime, timedelta

from access_service.settings import District, Settings
from access_service.storage import story_mails
from access_service.storage.engine import Databases, database_errors
from access_service.storage.notices import Way
from access_service.storage.story_mails import StoryMail
from access_service.story import edition, sheets
from access_service.story.scope import Scope, scope
from access_service.story.words import NAMES, day_name, month_name, shown
from sync.notify.message import Message
from sync.notify.message import report as compose
from sync.notify.telling import AGAIN_AFTER, Teller, Told

# Of so many schools each one's report is on the mail too; of more it would be too large to take.
MOST_SCHOOLS = 12


def report(settings: Settings, databases: Databases, code: str, now: datetime) -> Told | None:
    """Send the report that is due, if one is. Errors: StorageError; those of sending are in the answer."""
    teller = Teller(settings, settings.district(code), now)
    month = due(teller.district, now)
    if month is None:
        return None
    with database_errors():
        with databases.reader.connect() as connection:
            if not story_mails.is_due(connection, code, month, now):
                return None
        with databases.writer.begin() as connection:
            if not story_mails.claim(connection, code, month, now, now + AGAIN_AFTER):
                return None
        return _deliver(teller, databases, month)


def due(district: District, now: datetime) -> date | None:
    """The month whose report should have gone by now: the last one that is over, in the days of the agreement."""
    today = now.astimezone(district.zone).date()
    first = today.replace(day=1)
    month = (first - timedelta(days=1)).replace(day=1)
    agreed = district.agreement.starts < first and today <= district.agreement.last_day
    return month if district.agreement.contacts and agreed and today.day >= district.notify.report_day else None


def _deliver(teller: Teller, databases: Databases, month: date) -> Told:
    to = teller.district.agreement.contacts
    told = teller.by(Way.MAIL, _message(teller, databases, month), to)
    sent = StoryMail(month, teller.now, ", ".join(to), "") if told.heard else StoryMail(month, None, "", told.error)
    with databases.writer.begin() as connection:
        story_mails.ended(connection, teller.district.code, sent)
    return told


def _message(teller: Teller, databases: Databases, month: date) -> Message:
    # Pictures and paper take a second to import, and go once a month.
    from access_service.story.report import pdf  # noqa: PLC0415

    district, size = teller.district, teller.settings.service.library.paper
    figures = edition.of_today(databases, district, teller.now)
    whole = scope(figures, district)
    files = {f"{district.code}.pdf": pdf(whole, size), f"{district.code}.csv": sheets.students(whole, district)}
    if len(figures.schools) <= MOST_SCHOOLS:
        for number, school in enumerate(figures.schools, start=1):
            files[f"{district.code}-school-{number}.pdf"] = pdf(scope(figures, district, school), size)
    return compose(district, month, _text(whole, month), files, teller.now)


def _text(of: Scope, month: date) -> str:
    active = dict(of.months).get(month, 0)
    return "\n".join(
        [
            f"School IDs as library cards, {day_name(of.figures.today)}.",
            "",
            f"  Active in {month_name(month)}: {shown(active)}",
            *(f"  {name}: {shown(of.numbers[measure])}" for measure, name in NAMES.items()),
            f"  Nights kept this school year: {of.figures.nights.kept} of {of.figures.nights.all}",
            "",
            "The report, what its words mean and what is hidden are on the two pages that come with this message.",
        ]
    )
