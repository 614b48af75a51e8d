"""Signing in and out: with a local account, or with the library's or district's own sign-in."""

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from access_service.audit import Action, Deed
from access_service.domain.client import parsed_address
from access_service.domain.staff import StaffMember
from access_service.staff import Credentials
from access_service.web.admin import openid, resuming
from access_service.web.admin.gate import everybody, is_forwarded, signed_in, takes
from access_service.web.admin.office import Office, who

REFUSED = (
    "That did not fit: look at name, password and code once more. After five tries it takes a while until the next"
    " counts. An account without codes is good on the service's own machine alone."
)


def install(pages: Blueprint, office: Office) -> None:
    """/sign-in, /sign-out, and where [admin.oidc] is set /sign-in/openid and the way back from there."""

    @pages.get("/sign-in", endpoint="sign_in")
    @everybody
    def ask() -> str:
        return _page(then=request.args.get("then", ""))

    @pages.post("/sign-in", endpoint="sign_in_now")
    @everybody
    @takes(resuming.MAX_BYTES)
    def sign_in() -> AnyResponse:
        form = request.form
        typed = Credentials(
            # PostgreSQL takes no NUL.
            form.get("name", "").replace("\0", "").strip()[:64],
            form.get("password", "")[:256],
            form.get("code", "").replace(" ", "")[:16],
            str(request.remote_addr),
            _is_here(),
        )
        member = office.staff.sign_in(typed)
        then, kept = form.get("then", ""), form.get("kept", "")
        if member is None:
            return make_response(_page(then=then, kept=kept, name=typed.name, refused=REFUSED), 401)
        return come_in(office, member, then, kept)

    @pages.post("/sign-out", endpoint="sign_out")
    @signed_in
    def sign_out() -> AnyResponse:
        # First of all: whoever leaves is out, on record or not.
        office.staff.close(session.get("token", ""))
        session.clear()
        with office.auditor().transaction(office.databases) as record:
            record.note(Deed(Action.SIGN_OUT, f"staff {who().name}"))
        return redirect(url_for("admin.sign_in"), 303)

    if configured := office.configured.service.admin.oidc:
        openid.install(pages, office, configured, come_in)


def come_in(office: Office, member: StaffMember, then: str = "", kept: str = "") -> AnyResponse:
    """Begin a session under a new name in the browser, and go where the person was going."""
    g.staff = member
    with office.auditor().transaction(office.databases) as record:
        record.note(Deed(Action.SIGN_IN, f"staff {member.name}", after={"role": member.role}))
    session.clear()
    session["token"], session["name"] = office.staff.open(member), member.name
    if kept:
        if form := resuming.take(office.vault, kept, member.name):
            return Response(render_template("send_again.html", form=form))
        flash("What was typed before belongs to somebody else, and is gone.")
    home = url_for("admin.home")
    here = then.startswith(home) and "\\" not in then and then.isprintable()
    return redirect(then if here else home, 303)


def _page(then: str = "", kept: str = "", name: str = "", refused: str = "") -> str:
    return render_template("sign_in.html", then=then, kept=kept, name=name, refused=refused)


def _is_here() -> bool:
    """Whether the browser is surely on this machine: with a proxy between, that nobody counted, it may be anywhere."""
    address = parsed_address(request.remote_addr or "")
    return not is_forwarded() and address is not None and address.is_loopback
