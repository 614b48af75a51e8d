"""Clients: who may ask, from where, about whom; and their keys."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from access_service.admitting import DEFAULT_RELEASES, Counter, Lists, idle_relay, make_test_card
from access_service.domain.client import DialectName, Release
from access_service.domain.staff import Right
from access_service.errors import OperatorError, OvertakenError
from access_service.storage import clients, exceptions
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office
from access_service.web.admin.setup import typed
from access_service.web.admin.setup.client_rows import Row, listed

Answer = str | tuple[str, int] | Response


def install(pages: Blueprint, office: Office) -> None:
    """/clients, /add-client and /clients/<name>."""
    room = ClientPages(office)
    pages.get("/clients", endpoint="clients")(room.listing)
    pages.get("/clients/<name>", endpoint="client")(room.client)
    pages.get("/add-client", endpoint="new_client")(room.new_client)
    pages.post("/add-client", endpoint="add_client")(room.add_client)
    pages.post("/clients/<name>/change", endpoint="change_client")(room.change_client)
    pages.post("/clients/<name>/options", endpoint="set_client")(room.set_client)
    pages.post("/clients/<name>/new-key", endpoint="new_key")(room.new_key)
    pages.post("/clients/<name>/revoke", endpoint="revoke_client")(room.revoke_client)
    pages.post("/clients/<name>/test-card", endpoint="client_test_card")(room.test_card)


@dataclass(frozen=True, slots=True)
class ClientPages:
    """What each page does."""

    office: Office

    @needs(Right.SETUP)
    def listing(self) -> str:
        return render_template("setup/clients.html", rows=list(listed(self.office).values()))

    @needs(Right.SETUP)
    def client(self, name: str) -> Answer:
        return _page(self.office, name)

    @needs(Right.CLIENTS)
    def new_client(self) -> Answer:
        return _new_page(self.office, Lists(releases=DEFAULT_RELEASES))

    @needs(Right.CLIENTS)
    def add_client(self) -> Answer:
        name, lists = typed.text("name"), _lists(self.office)
        try:
            added, key = _counter(self.office).add(name, lists, typed.lines("options"))
        except OperatorError as error:
            return _new_page(self.office, lists, typed.refused(error))
        warning = idle_relay(added, self.office.configured.service)
        return render_template("setup/client_key.html", client=added, key=key, warning=warning, new=True)

    @needs(Right.CLIENTS)
    def change_client(self, name: str) -> Answer:
        _own(self.office, name)
        lists = _lists(self.office)
        try:
            chosen = lists.dialects, lists.districts, lists.networks, lists.releases
            typed.insist(all(chosen), "choose at least one dialect, one district, one network and one fact")
            changed, lacks_key = _counter(self.office).change(name, lists, typed.text("seen"))
        except OvertakenError as error:
            return _page(self.office, name, wrong=str(error), code=409)
        except OperatorError as error:
            return _page(self.office, name, lists, typed.refused(error))
        flash(f"Client {name} is changed; it holds within seconds.")
        if lacks_key:
            asking = ", ".join(sorted(changed.dialects - changed.known_by_address))
            flash(f"It has no key, and needs one in {asking}: make one below.")
        return redirect(url_for("admin.setup.client", name=name), 303)

    @needs(Right.CLIENTS)
    def set_client(self, name: str) -> Answer:
        _own(self.office, name)
        options = typed.lines("options")
        try:
            changed = _counter(self.office).set(name, options, whole=True, seen=typed.text("seen"))
        except OvertakenError as error:
            return _page(self.office, name, options_wrong=str(error), code=409)
        except OperatorError as error:
            return _page(self.office, name, options=options, options_wrong=typed.refused(error))
        flash(f"Client {name} is changed; it holds within seconds.")
        if warning := idle_relay(changed, self.office.configured.service):
            flash(warning)
        return redirect(url_for("admin.setup.client", name=name), 303)

    @needs(Right.CLIENTS)
    def new_key(self, name: str) -> Answer:
        row = _own(self.office, name)
        try:
            typed.sure()
            key = _counter(self.office).new_key(name, typed.text("key_mark"))
        except OvertakenError as error:
            return _page(self.office, name, key_wrong=str(error), code=409)
        except OperatorError as error:
            return _page(self.office, name, key_wrong=typed.refused(error))
        return render_template("setup/client_key.html", client=row.client, key=key, warning="", new=False)

    @needs(Right.CLIENTS)
    def revoke_client(self, name: str) -> Answer:
        _own(self.office, name)
        try:
            typed.sure()
            _counter(self.office).revoke(name)
        except OperatorError as error:
            return _page(self.office, name, revoke_wrong=typed.refused(error))
        flash(f"Client {name} is revoked: within seconds it is refused everywhere.")
        return redirect(url_for("admin.setup.clients"), 303)

    @needs(Right.CLIENTS)
    def test_card(self, name: str) -> Answer:
        row = _own(self.office, name)
        code = typed.text("card_district")
        if code not in row.client.districts:
            abort(404)
        district = self.office.district(code)
        with self.office.databases.reader.connect() as connection:
            newest = exceptions.newest(connection)
        try:
            same = typed.number("newest") == newest
            typed.insist(same, "an exception was added meanwhile: look whether it is the card that you want")
            card = make_test_card(self.office.databases, self.office.auditor(), row.client, district)
        except OperatorError as error:
            return _page(self.office, name, card_wrong=typed.refused(error))
        return render_template("setup/test_card.html", card=card, client=row.client, district=district)


def _own(office: Office, name: str) -> Row:
    """A client that the person signed in may change."""
    row = listed(office).get(name) or abort(404)
    if not row.whole:
        abort(403, "This client is also answered about districts that are not yours to see.")
    return row


def _page(
    office: Office,
    name: str,
    lists: Lists | None = None,
    wrong: str = "",
    code: int = 422,
    **more: object,
) -> Answer:
    """The client; of a form that was refused with what was typed."""
    row = listed(office).get(name) or abort(404)
    with office.databases.reader.connect() as connection:
        newest = exceptions.newest(connection)
    page = render_template(
        "setup/client.html",
        row=row,
        client=row.client,
        lists=lists or Lists(**{key: tuple(values) for key, values in clients.facts(row.client).items()}),
        newest=newest,
        form_wrong=wrong,
        **_choices(office),
        **{"options": row.options, **more},
    )
    return (page, code) if wrong or any(key.endswith("wrong") for key in more) else page


def _new_page(office: Office, lists: Lists, wrong: str = "") -> Answer:
    page = render_template("setup/add_client.html", lists=lists, form_wrong=wrong, **_choices(office))
    return (page, 422) if wrong else page


def _choices(office: Office) -> dict[str, object]:
    return {"dialects": list(DialectName), "releases": list(Release), "districts": typed.pairs(office)}


def _lists(office: Office) -> Lists:
    """What was ticked and typed. A district that is not theirs is none."""
    form = request.form
    return Lists(
        [each for each in DialectName if each in form.getlist("dialect")],
        [office.district(code).code for code in form.getlist("district")],
        typed.lines("networks"),
        [each for each in Release if each in form.getlist("release")],
    )


def _counter(office: Office) -> Counter:
    return Counter(office.configured, office.databases, office.auditor())
