"""Every page with every role: what is not given is shut."""

from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from access_service.domain.staff import RIGHTS, Right, StaffRole
from access_service.storage import runs
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor

# What the parameters of a path are filled with: things of the district "demo".
SAMPLES = {"patron_id": "1", "run_id": "1", "code": "demo", "name": "vendor", "page": "nowhere"}
OF_A_DISTRICT = {"patron_id", "run_id", "code"}
SHUT = {403, 404}


@pytest.fixture
def office(pages: Pages) -> Pages:
    """The pages with a patron, a run and a client of the district "demo"."""
    seed.store(pages.databases, seed.patron())
    seed.admit(pages.databases, seed.client())
    with pages.databases.writer.begin() as connection:
        run_id = runs.begin(connection, "demo", "a test", "", seed.NOON)
        runs.finish(connection, run_id, runs.Outcome.APPLIED, seed.NOON, report={})
    return pages


def rules(pages: Pages) -> Iterator[tuple[Rule, str, object]]:
    """Each page and form, and whom its view is open to."""
    for rule in pages.app.url_map.iter_rules():
        if rule.endpoint.startswith("admin.") and rule.endpoint != "admin.static":
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method, vars(pages.app.view_functions[rule.endpoint])["open_to"]


def path(rule: Rule) -> str:
    """The rule with its parameters filled in; a parameter that has no sample here fails the test."""
    with_samples = {name: SAMPLES.get(name, "1") for name in rule.arguments}
    return str(rule.build(with_samples, append_unknown=False)[1])  # type: ignore[index]


def ask(visitor: Visitor, rule: Rule, method: str) -> int:
    return (visitor.get if method == "GET" else visitor.post)(path(rule)).status_code


def test_every_page_is_shut_to_strangers(office: Pages) -> None:
    """Whoever is not signed in is sent to the sign-in, or refused; nothing else is theirs."""
    stranger = office.stranger()
    for rule, method, open_to in rules(office):
        if open_to != "everybody":
            assert ask(stranger, rule, method) in (303, 401), rule
    open_to_all = {rule.endpoint for rule, _, open_to in rules(office) if open_to == "everybody"}
    assert open_to_all == {"admin.sign_in", "admin.sign_in_now"}


@pytest.mark.parametrize("role", StaffRole)
def test_every_page_is_open_to_its_roles_only(office: Pages, role: StaffRole) -> None:
    """With the right a page answers, without it 403; no page fails."""
    for rule, method, open_to in rules(office):
        if isinstance(open_to, Right):
            status = ask(office.sign_in(role, "demo"), rule, method)
            assert (status == 403) == (open_to not in RIGHTS[role]), (rule, method, status)
            assert status < 500, (rule, method)


def test_another_districts_things_are_not_there(office: Pages) -> None:
    """IT of one district gets no page and no form about a patron, a run or a district that is another's."""
    for role in (StaffRole.DISTRICT_IT, StaffRole.LIBRARY_ADMIN):
        for rule, method, open_to in rules(office):
            if rule.arguments & OF_A_DISTRICT and isinstance(open_to, Right):
                assert ask(office.sign_in(role, "oak"), rule, method) in SHUT, (role, rule, method)
