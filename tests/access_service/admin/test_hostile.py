"""What nobody would type into a form: each has a clear answer, and none is a failure."""

import re
import time
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import insert

from access_service.domain.staff import RIGHTS, Right, StaffRole
from access_service.storage import rosters, runs, tables
from tests.access_service import seed
from tests.access_service.admin.test_rights import rules
from tests.access_service.admin.visiting import Pages, Visitor

# The first twice: so it stands in every field. PostgreSQL takes no NUL.
HOSTILE = ("a\0b", "a\0b", "\ud800", "x" * 10_000, "<script>alert(1)</script>", "-1", "9" * 30)
# Of what is chosen from a list one that is there, so that the rest is read too.
CHOSEN = {"card_district": "demo", "skip_district": "demo", "district": "demo", "dialect": "rest"}
CHOSEN |= {"kind": "list", "symbology": "code128", "language": "en", "do": "make", "sure": "yes", "newest": "0"}
DAYS = {"card_until", "skip_until", "block_until", "first", "until"}
# A page with all of its forms takes less, even on a busy machine.
LONGEST = 10  # seconds


@pytest.fixture
def peopled(pages: Pages) -> Pages:
    """For each hostile text a patron, a held run and a client of its own."""
    rosters.reserve_patron_ids(pages.databases, len(HOSTILE))
    for number in range(1, len(HOSTILE) + 1):
        seed.store(pages.databases, seed.patron(number, f"{number:07}", given_name="<script>alert(1)</script>"))
        seed.admit(pages.databases, seed.client(f"vendor-{number}"), f"key {number}")
    state = {"basis": "", "file_sha256": "", "file_size": 1, "content": b"", "population": 6, "seen_at": seed.NOON}
    with pages.databases.writer.begin() as connection:
        for outcome in (runs.Outcome.APPLIED, *[runs.Outcome.HELD] * len(HOSTILE)):
            run_id = runs.begin(connection, "demo", "<script>alert(1)</script>", "", seed.NOON)
            runs.finish(connection, run_id, outcome, seed.NOON, report={})
        connection.execute(insert(tables.district_state).values(district="demo", applied_run=1, **state))
    return pages


def paths(pages: Pages, method: str, number: int) -> Iterator[tuple[str, object]]:
    """All pages or forms about the patron, run and client of a number, and whom each is open to."""
    samples = {"patron_id": number, "run_id": number + 1, "name": f"vendor-{number}", "code": "demo", "page": "x"}
    for rule, each, open_to in rules(pages):
        if each == method and rule.endpoint not in {"admin.sign_out", "admin.story.file"}:
            yield str(rule.build(samples, append_unknown=False)[1]), open_to  # type: ignore[index]


def fields(pages: Pages) -> list[str]:
    """The names of all fields of all forms."""
    visitors = [pages.sign_in(role) for role in ("library-admin", "operator")]
    said = "".join(visitor.get(path).text for visitor in visitors for path, _ in paths(pages, "GET", 1))
    return sorted({*re.findall(r' name="([a-z_]+)"', said)} - {"csrf_token", "viewport"})


def typed(names: list[str], number: int) -> Mapping[str, bytes]:
    """Of all fields every other is hostile, as a browser or somebody's script would send it."""
    text = HOSTILE[number - 1]
    form = {}
    for place, name in enumerate(names):
        sound = CHOSEN.get(name) or ("2027-06-30" if name in DAYS else "a word")
        form[name] = (sound if name in CHOSEN or (place + number) % 2 else text).encode("utf-8", "surrogatepass")
    return form


def version(visitor: Visitor, path: str) -> str:
    """The version of the page that a form of a patron stands on."""
    found = re.match("/admin/desk/patrons/[0-9]+", path)
    shown = re.search(r'name="version" value="([^"]+)"', visitor.get(found[0]).text) if found else None
    return shown[1] if shown else ""


# Of the second's forms the first's are nearly all.
@pytest.mark.parametrize(("role", "most"), [(StaffRole.LIBRARY_ADMIN, len(HOSTILE)), (StaffRole.OPERATOR, 2)])
def test_no_form_fails_of_what_is_typed(peopled: Pages, role: StaffRole, most: int) -> None:
    """A NUL, half a character, far too much, markup, numbers that cannot be: never a failure, and never run."""
    names, visitor = fields(peopled), peopled.sign_in(role)
    answers = set()
    for number in range(1, most + 1):
        for path, open_to in paths(peopled, "POST", number):
            if isinstance(open_to, Right) and open_to not in RIGHTS[role]:
                continue
            began = time.monotonic()
            answer = visitor.post(path, {**typed(names, number), "version": version(visitor, path)})
            assert answer.status_code < 500, (path, HOSTILE[number - 1][:20])
            assert "<script>alert" not in answer.text, path
            assert time.monotonic() - began < LONGEST, path
            answers.add(answer.status_code)
    for path, _ in paths(peopled, "GET", most):
        assert "<script>alert" not in visitor.get(path).text, path
    assert {303, 422} <= answers
