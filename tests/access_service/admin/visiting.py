"""A browser of a test: signed in as somebody, over an app that is not served."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from access_service.domain.staff import StaffMember, StaffRole
from access_service.staff import StaffRoom
from access_service.storage.engine import Databases
from tests.access_service import seed

CSRF = "0" * 40


class Visitor:
    """Somebody with the pages open. Answers are werkzeug's; redirects are not followed unless asked."""

    def __init__(self, app: Flask, token: str = "", name: str = "") -> None:
        self.client = app.test_client()
        if token:
            with self.client.session_transaction() as session:
                session["token"], session["name"] = token, name
        self._token = str(URLSafeTimedSerializer(app.secret_key or b"", salt="wtf-csrf-token").dumps(CSRF))

    def get(self, path: str, **how: Any) -> TestResponse:
        return self.client.get(path, **how)

    def post(self, path: str, fields: dict[str, Any] | None = None, **how: Any) -> TestResponse:
        """Send a form, with the token that its page has."""
        with self.client.session_transaction() as session:
            session["csrf_token"] = CSRF
        return self.client.post(path, data={**(fields or {}), "csrf_token": self._token}, **how)


@dataclass
class Pages:
    """The pages over a database, at noon of 2026-11-03 (`seed.NOON`)."""

    app: Flask
    databases: Databases

    def sign_in(self, role: str, *districts: str, name: str = "") -> Visitor:
        """Somebody of this role, signed in as NAME or by the role's name."""
        member = StaffMember(name or f"a-{role}", StaffRole(role), frozenset(districts))
        return Visitor(self.app, StaffRoom(self.databases, seed.VAULT).open(member), member.name)

    def stranger(self) -> Visitor:
        return Visitor(self.app)


@dataclass
class Installed(Pages):
    """Pages that were started from the files of a folder."""

    folder: Path

    def edit(self, old: str, new: str, district: str = "demo") -> None:
        """Change one place of a district's file."""
        path = self.folder / "districts" / f"{district}.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
