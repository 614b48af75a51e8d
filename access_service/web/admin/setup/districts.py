"""Districts as their files stand now: examples, agreement, calendar, and the freeze of one."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from access_service import freezing
from access_service.checking import service_warnings
from access_service.domain.calendar import Freeze
from access_service.domain.staff import Right
from access_service.errors import ConfigError, OperatorError
from access_service.examples import tried
from access_service.overlaps import check_overlaps
from access_service.settings import District, Service, load_district, load_service
from access_service.storage import requests
from access_service.storage.requests import RequestKind
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office, who
from access_service.web.admin.setup import typed

Answer = str | tuple[str, int] | Response


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A district's file as it stands now. `district` is what it says, None where `problem` says why it cannot."""

    path: Path
    running: District
    district: District | None
    problem: str = ""

    @property
    def changed(self) -> bool:
        """Whether the service still goes by an older one."""
        return self.district is not None and self.district != self.running

    @property
    def newest(self) -> District:
        return self.district or self.running

    @property
    def wrong(self) -> list[str]:
        """What keeps nights from it, a line each."""
        bad = sum(bool(each.wrong) for each in tried(self.newest))
        found = [self.problem] if self.problem else []
        return found + ([f"{bad} of its examples do not hold: no night runs until they do"] if bad else [])


def install(pages: Blueprint, office: Office) -> None:
    """The list, and /districts/<code> with freeze and thaw."""

    @pages.get("/", endpoint="home")
    @needs(Right.SETUP)
    def home() -> str:
        return _list(office)

    @pages.get("/districts/<code>", endpoint="district")
    @needs(Right.SETUP)
    def district(code: str) -> Answer:
        return _page(office, office.district(code))

    @pages.post("/districts/<code>/freeze", endpoint="freeze")
    @needs(Right.DECIDE)
    def freeze(code: str) -> Answer:
        frozen = office.district(code)
        try:
            first = typed.day("first", "first day") if typed.text("first") else _today(office, frozen)
            last = typed.day("until", "last day") if typed.text("until") else None
            asked = Freeze(first, last, typed.reason("freeze_reason"))
            stands = freezing.freeze(office.databases, office.auditor(), frozen, asked)
        except OperatorError as error:
            return _page(office, frozen, frozen_wrong=typed.refused(error))
        end = f"through {stands.last}" if stands.last else "until it is thawed"
        flash(f"{code} is frozen from {stands.first} {end}.")
        return redirect(url_for("admin.setup.district", code=code), 303)

    @pages.post("/districts/<code>/thaw", endpoint="thaw")
    @needs(Right.DECIDE)
    def thaw(code: str) -> Answer:
        thawed = office.district(code)
        try:
            since = freezing.thaw(office.databases, office.auditor(), thawed, typed.reason("thaw_reason"))
        except OperatorError as error:
            return _page(office, thawed, thaw_wrong=typed.refused(error))
        flash(f"{code}: {freezing.ended(since, _today(office, thawed))}.")
        return redirect(url_for("admin.setup.district", code=code), 303)


def _list(office: Office) -> str:
    problem, service = _service(office)
    rows = [(each, _today(office, each.running)) for each in (_on_disk(office, d) for d in office.districts())]
    unknown = [
        path.stem
        for path in sorted((office.folder / "districts").glob("*.toml"))
        if path.stem not in {"example", *office.configured.districts} and who().sees(path.stem)
    ]
    return render_template(
        "setup/home.html",
        rows=rows,
        unknown=unknown,
        folder=office.folder.absolute(),
        warnings=[] if who().districts else [*filter(None, [problem]), *service_warnings(service)],
        stale=not who().districts and not problem and service != office.configured.service,
    )


def _page(office: Office, running: District, frozen_wrong: str = "", thaw_wrong: str = "") -> Answer:
    found, today = _on_disk(office, running), _today(office, running)
    newest = found.newest
    with office.databases.reader.connect() as connection:
        freezes = freezing.of_district(connection, running, today)
        tested = requests.last(connection, RequestKind.CHECK_SOURCE, district=running.code)
    page = render_template(
        "setup/district.html",
        found=found,
        district=newest,
        today=today,
        examples=list(tried(newest)),
        overlap=_overlap(office, newest),
        freezes=freezes,
        tested=tested,
        season=newest.calendar.frozen_in(freezes, today).season(today),
        frozen_wrong=frozen_wrong,
        thaw_wrong=thaw_wrong,
    )
    return (page, 422) if frozen_wrong or thaw_wrong else page


def _on_disk(office: Office, running: District) -> OnDisk:
    path = office.folder.absolute() / "districts" / f"{running.code}.toml"
    try:
        return OnDisk(path, running, load_district(path, office.configured.service))
    except ConfigError as error:
        return OnDisk(path, running, None, str(error))


def _service(office: Office) -> tuple[str, Service]:
    try:
        return "", load_service(office.folder)
    except ConfigError as error:
        return str(error), office.configured.service


def _overlap(office: Office, district: District) -> str:
    """Of which district it could make the numbers; of one that is not theirs people are not told which."""
    for other in office.configured.districts.values():
        try:
            check_overlaps({other.code: other, district.code: district})
        except ConfigError as error:
            if who().sees(other.code):
                return str(error)
            return "[rules] library_number can make the same number as another district's; give it another prefix"
    return ""


def _today(office: Office, district: District) -> date:
    return office.now().astimezone(district.zone).date()
