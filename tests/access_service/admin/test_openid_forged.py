"""A sign-in service that says too much, or to whom it should not: what is not its signed word for us opens nothing."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from access_service.settings import Settings
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.admin.visiting import Visitor

OURS, ANOTHERS = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
BOSS = {"preferred_username": "ada", "groups": ["desks"]}
# What is said in another way than a right token, and beside it.
FORGED: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "for another": ({"aud": "another"}, {}),
    "by another's leave": ({"aud": ["student-cards", "another"], "azp": "another"}, {}),
    "by nobody's leave": ({"aud": ["student-cards", "another"]}, {}),
    "of another issuer": ({"iss": "https://evil.example"}, {}),
    "too old": ({"exp": 1}, {}),
    "an old nonce": ({"nonce": "x"}, {}),
    "unsigned": ({"alg": "none"}, {}),
    "another's signature": ({"key": ANOTHERS}, {}),
    "no token": ({}, {"id_token": None}),
    "claims beside no token": ({}, {"userinfo": BOSS}),
    "claims beside one": ({"groups": []}, {"userinfo": BOSS}),
}


class Provider(BaseHTTPRequestHandler):
    """Says what `said` is, by path."""

    said: Mapping[str, Any] = {}

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(self.said[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as the standard library has it

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def issuer() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        metadata = {"issuer": url, "id_token_signing_alg_values_supported": ["RS256", "none"]}
        metadata |= {f"{name}_endpoint": f"{url}/{name}" for name in ("authorization", "token")}
        metadata |= {"jwks_uri": f"{url}/keys"}
        Provider.said = {
            "/.well-known/openid-configuration": metadata,
            "/keys": {"keys": [OURS.as_dict(private=False)]},
        }
        yield url
        server.shutdown()


def token(claims: dict[str, Any]) -> str:
    """Signed by `key`, or by nobody where `alg` is none."""
    key, alg = claims.pop("key", OURS), claims.pop("alg", "RS256")
    if alg == "RS256":
        return jwt.encode({"alg": alg, "kid": "one"}, claims, key)
    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": alg}, claims))
    return ".".join((*parts, ""))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_only_a_signed_word_for_us_opens_the_pages(
    databases: Databases, configured: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many answers of the sign-in service the right one is let in, and no other."""
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "made up")
    oidc = {"issuer": issuer, "client_id": "student-cards", "groups": {"desks": {"role": "desk"}}}
    admin = type(configured.service.admin).model_validate({"oidc": oidc})
    service = configured.service.model_copy(update={"admin": admin})
    app = seed.app(databases, configured.model_copy(update={"service": service}))
    statuses = {}
    for name, (other, beside) in {"right": ({}, {}), **FORGED}.items():
        visitor, now = Visitor(app), int(time())
        sent = parse_qs(urlsplit(visitor.get("/admin/sign-in/openid").headers["Location"]).query)
        claims = {"iss": issuer, "sub": "1", "aud": "student-cards", "iat": now, "exp": now + 60, **BOSS}
        signed = {"id_token": token({**claims, "nonce": sent["nonce"][0], **other})}
        answer = {"access_token": "a", "token_type": "Bearer", **signed, **beside}
        if name == "claims beside no token":
            del answer["id_token"]
        Provider.said = {**Provider.said, "/token": answer}
        statuses[name] = visitor.get(f"/admin/sign-in/openid/back?code=c&state={sent['state'][0]}").status_code
    assert statuses == {"right": 303, **dict.fromkeys(FORGED, 401)}
