"""Signing in with OpenID Connect: authorization code with PKCE, state and nonce; the groups say who may do what."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.oidc.core import CodeIDToken, UserInfo
from flask import Blueprint, current_app, make_response, render_template, session, url_for
from joserfc.errors import InvalidClaimError, JoseError
from requests import RequestException
from werkzeug.wrappers import Response as AnyResponse

from access_service.domain.staff import StaffMember
from access_service.logs import log
from access_service.settings import Oidc, secret
from access_service.web.admin.gate import everybody
from access_service.web.admin.office import Office

TIMEOUT = 10  # seconds
_OPENID = "openid"
AWAY = "The sign-in service does not answer as it should; try again, or use a local account. The log says more."
NO_GROUP = "Nobody has given your account a part here: ask whoever looks after the groups of the sign-in service."


class Signed(CodeIDToken):
    """The claims of a token with a signature. A provider may offer to leave it away; here nobody may."""

    def validate(self, now: int | Callable[[], int] | None = None, leeway: int = 0) -> None:
        if self.header["alg"] == "none":
            raise InvalidClaimError("alg")
        super().validate(now, leeway)


def install(pages: Blueprint, office: Office, configured: Oidc, come_in: Callable[..., AnyResponse]) -> None:
    """/sign-in/openid and /sign-in/openid/back. Errors: ConfigError without OIDC_CLIENT_SECRET."""
    oauth = OAuth()
    pages.record_once(lambda state: oauth.init_app(state.app))  # type: ignore[arg-type]
    oauth.register(  # type: ignore[no-untyped-call]
        _OPENID,
        client_id=configured.client_id,
        client_secret=secret("OIDC_CLIENT_SECRET"),
        server_metadata_url=f"{configured.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": configured.scope,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
        },
    )

    @pages.get("/sign-in/openid", endpoint="openid")
    @everybody
    def leave() -> AnyResponse:
        try:
            back = url_for("admin.openid_back", _external=True)
            answer: AnyResponse = oauth.openid.authorize_redirect(back)
        except (OAuthError, RequestException, ValueError, KeyError, RuntimeError) as error:
            return _refused(AWAY, error)
        return answer

    @pages.get("/sign-in/openid/back", endpoint="openid_back")
    @everybody
    def back() -> AnyResponse:
        exactly = {
            "iss": {"essential": True, "value": configured.issuer},
            "aud": {"essential": True, "value": configured.client_id},
        }
        try:
            told = oauth.openid.authorize_access_token(claims_options=exactly, claims_cls=Signed).get("userinfo")
        except (OAuthError, JoseError, RequestException, ValueError, KeyError, RuntimeError, TypeError) as error:
            return _refused(AWAY, error)
        # What a token does not say, but stands beside it, is no claim.
        claims = told if isinstance(told, UserInfo) else {}
        member = staff_member(configured, claims)
        return come_in(office, member, kept=session.get("kept", "")) if member else _refused(NO_GROUP, None)


def staff_member(configured: Oidc, claims: Mapping[str, Any]) -> StaffMember | None:
    """Who somebody is here by what their sign-in says of them; None for those of no group that has a part."""
    name, groups = claims.get(configured.name_claim), claims.get(configured.groups_claim)
    said = [groups] if isinstance(groups, str) else groups if isinstance(groups, list | tuple) else []
    mine = {group for group in said if isinstance(group, str)}
    part = next((part for group, part in configured.groups.items() if group in mine), None)
    if part is None or not isinstance(name, str) or not name.isprintable() or not name.strip():
        return None
    # So that the audit knows somebody from a local account of the same name.
    known = f"{name.strip()[:64]}@{urlsplit(configured.issuer).hostname}"
    return StaffMember(known, part.role, frozenset(part.districts))


def _refused(said: str, error: Exception | None) -> AnyResponse:
    if error:
        # The class alone: a token may stand in the text.
        log.warning("openid", error=error.__class__.__name__, app=current_app.name)
    session.clear()
    return make_response(render_template("sign_in.html", then="", kept="", name="", refused=said), 401)
