"""The story: what to tell a board, of a district or a school, and the same to take away."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from access_service.audit import Action, Deed
from access_service.domain.staff import Right
from access_service.settings import District
from access_service.storage import story_mails
from access_service.storage.engine import read
from access_service.story import edition, sheets, words
from access_service.story.cells import Hidden
from access_service.story.pictures import Form, Picture, draw, pictures
from access_service.story.scope import Part, Scope, largest, scope
from access_service.story.telling import ACCESS, YEAR
from access_service.web.admin import choosing
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office, who

# So many bars can be read at once; the table has them all.
MOST_BARS = 20
CSV = "text/csv; charset=utf-8"
TYPES = {Form.PNG: "image/png", Form.SVG: "image/svg+xml"}


def blueprint(office: Office) -> Blueprint:
    """/admin/story. `?school=CODE` is of one school."""
    pages = Blueprint("story", __name__, url_prefix="/story")

    @pages.get("/", endpoint="home")
    @needs(Right.STORY)
    def home() -> AnyResponse | str:
        return choosing.district(office, "Story", "What to tell a board")

    @pages.get("/<code>", endpoint="of")
    @needs(Right.STORY)
    def of(code: str) -> str:
        district = office.district(code)
        return _page(office, district, _scope(office, district))

    @pages.get("/<code>/files/<file>", endpoint="file")
    @needs(Right.STORY)
    def file(code: str, file: str) -> Response:
        district = office.district(code)
        return _file(office, district, file)

    @pages.post("/<code>/again", endpoint="again")
    @needs(Right.DECIDE)
    def again(code: str) -> AnyResponse:
        district = office.district(code)
        with office.auditor().transaction(office.databases) as record:
            record.note(Deed(Action.STORY_AGAIN, "story", district=district.code))
        edition.of_today(office.databases, district, office.now(), again=True)
        flash("Counted again: these are the numbers of now.")
        return redirect(url_for(".of", code=code), HTTPStatus.SEE_OTHER)

    return pages


def _scope(office: Office, district: District) -> Scope:
    figures = edition.of_today(office.databases, district, office.now())
    school = request.args.get("school") or None
    if school is not None and school not in figures.schools:
        abort(404, "No student with access is at this school.")
    return scope(figures, district, school)


def _page(office: Office, district: District, of: Scope) -> str:
    figures = of.figures
    whole = of if of.school is None else scope(figures, district)
    refused = [(words.reason(code), cell) for code, cell in figures.refused.items() if code]
    return render_template(
        "story/story.html",
        district=district,
        of=of,
        schools=whole.schools,
        bars=_bars(largest(of.schools, MOST_BARS) if of.schools else of.grades),
        months=[(f"{month:%b %Y}", _length(cell), words.shown(cell)) for month, cell in of.months],
        access=[words.shown(of.access[month]) if month in of.access else "" for month, _ in of.months],
        refused=[*refused, ("All", figures.refused[""])],
        names=words.NAMES,
        w=words,
        pictures=pictures(of),
        mails=read(office.databases.reader, lambda connection: story_mails.newest(connection, district.code)),
        made_at=figures.made_at.astimezone(district.zone),
        may_count=who().may(Right.DECIDE),
    )


def _bars(parts: Sequence[Part]) -> list[tuple[str, int, str]]:
    """Who used it this year, of those with access."""
    rows = []
    for part in parts:
        used, whole = part.numbers[YEAR], part.numbers[ACCESS]
        told = words.shown(whole) if isinstance(whole, Hidden) else f"{words.shown(used)} of {words.shown(whole)}"
        rows.append((part.name, _length(used), told))
    return rows


def _length(cell: int | Hidden) -> int:
    return 0 if isinstance(cell, Hidden) else cell


def _file(office: Office, district: District, name: str) -> Response:
    """One of those that the page offers."""
    drawn = {f"{picture}.{form}": (picture, form) for picture in Picture for form in Form}
    if name not in {"report.pdf", "students.csv", "months.csv", *drawn}:
        abort(404)
    of = _scope(office, district)
    if name == "report.pdf":
        from access_service.story import report  # noqa: PLC0415 - what draws is large, and most workers never draw

        body, kind = report.pdf(of, office.configured.service.library.paper), "application/pdf"
    elif name in drawn:
        picture, form = drawn[name]
        if picture not in pictures(of):
            abort(404)
        body, kind = draw(of, picture, form), TYPES[form]
    else:
        body, kind = (sheets.students(of, district) if name == "students.csv" else sheets.months(of)), CSV
    parts = filter(None, (district.code, of.school, of.figures.today.isoformat(), name))
    saved = secure_filename("-".join(parts))
    return Response(body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{saved}"'})
