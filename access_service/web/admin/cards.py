"""Cards into hands: who gets one, and a file for the printer. It goes to the browser and is kept nowhere."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Connection
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from access_service.audit import Action, Deed
from access_service.cards import holders
from access_service.cards.holders import Holder, Holders, Wanted, split
from access_service.cards.order import Kind, Order
from access_service.domain.staff import Right
from access_service.domain.student import GRADES
from access_service.domain.symbology import Symbology
from access_service.domain.wording import Language
from access_service.errors import ChoiceError
from access_service.settings import District
from access_service.storage.engine import read
from access_service.story.words import grade_name, school_name
from access_service.web.admin import choosing
from access_service.web.admin.gate import needs, takes
from access_service.web.admin.office import Office

KINDS = {
    Kind.SHEETS: "Cards for wallets, ten a page (PDF)",
    Kind.LETTERS: "Letters, one a page (PDF)",
    Kind.LIST: "List for the school's own tools (CSV)",
}
LANGUAGES = {Language.ENGLISH: "English", Language.SPANISH: "Español"}
# In the order of the district, one under the other.
TOGETHER = "all"
# A list of the longest numbers, however it is sent.
MOST_BYTES = 32 * 1024
TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


def blueprint(office: Office) -> Blueprint:
    """/admin/cards."""
    pages = Blueprint("cards", __name__, url_prefix="/cards")

    @pages.get("/", endpoint="home")
    @needs(Right.CARDS)
    def home() -> AnyResponse | str:
        return choosing.district(office, "Cards", "Cards for students")

    @pages.get("/<code>", endpoint="of")
    @needs(Right.CARDS)
    def of(code: str) -> str:
        return _page(office, office.district(code))

    @pages.post("/<code>", endpoint="make")
    @needs(Right.CARDS)
    @takes(MOST_BYTES)
    def make(code: str) -> Response | str | tuple[str, int]:
        district = office.district(code)
        try:
            order = _order(request.form, district)
            found = read(office.databases.reader, lambda connection: _found(connection, office, district, order.wanted))
            missing = " ".join(map(str, found.missing))
            if request.form.get("do") == "make" and request.form.get("seen", "") == missing and found.found:
                return _file(office, district, order, found.found)
            return _page(office, district, found=found, seen=missing)
        except ChoiceError as error:
            return _page(office, district, wrong=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY

    return pages


def _page(office: Office, district: District, **more: object) -> str:
    schools = [(code, school_name(district, code)) for code in sorted(district.rules.schools)]
    grades = ["", *sorted(district.rules.band_of, key=list(GRADES).index)]
    return render_template(
        "cards/form.html",
        district=district,
        schools=[("", "every school"), *schools],
        grades=[(code, grade_name(code) if code else "every grade") for code in grades],
        kinds=KINDS.items(),
        symbologies=[(one, one.label) for one in Symbology],
        languages=_languages(district),
        default=office.configured.service.library.barcode,
        chosen=request.form,
        **more,
    )


def _languages(district: District) -> list[tuple[str, str]]:
    each = [(language.value, LANGUAGES[language]) for language in district.district.languages]
    return [(TOGETHER, " and ".join(name for _, name in each)), *each] if len(each) > 1 else each


def _order(form: Mapping[str, str], district: District) -> Order:
    """What the form says. ChoiceError where it is not one of those that the page offers."""
    school, grade = form.get("school", ""), form.get("grade", "")
    languages = district.district.languages
    chosen = [one for one in languages if form.get("language") in (one.value, TOGETHER)]
    if school not in {"", *district.rules.schools} or grade not in {"", *district.rules.band_of} or not chosen:
        raise ChoiceError("Choose a school, a grade and a language of those that the page offers.")
    try:
        kind, symbology = Kind(form.get("kind", "")), Symbology(form.get("symbology", ""))
    except ValueError:
        raise ChoiceError("Choose what to make, and a barcode, of those that the page offers.") from None
    return Order(Wanted(school, grade, split(form.get("numbers", ""))), kind, symbology, chosen)


def _found(connection: Connection, office: Office, district: District, wanted: Wanted) -> Holders:
    today = office.now().astimezone(district.zone).date()
    return holders.find(connection, district, wanted, today, office.configured.service.pins.owner)


def _file(office: Office, district: District, order: Order, found: Sequence[Holder]) -> Response:
    from access_service.cards import files  # noqa: PLC0415 - what draws is large, and most workers never draw

    body = files.made(found, order, district, office.configured.service.library)
    wanted = order.wanted
    facts = {"kind": order.kind, "school": wanted.school, "grade": wanted.grade, "cards": len(found)}
    with office.auditor().transaction(office.databases) as record:
        record.note(Deed(Action.CARDS_PRINT, f"{len(found)} cards", district=district.code, after=facts))
    parts = filter(None, (order.kind, district.code, wanted.school, wanted.grade))
    name = secure_filename(f"{'-'.join(parts)}.{order.kind.ending}")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, content_type=TYPES[order.kind.ending], headers=headers)
