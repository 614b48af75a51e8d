"""The folder a demo lives in: its secrets, its configuration, its database, and which night it is."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from access_service.errors import ConfigError, OperatorError
from sync.demo.files import write_private
from sync.demo.library import DemoLibrary
from sync.synthetic.server import RosterServer

DISTRICT = "demo"
INSTITUTION = "Maple Public Library"
SFTP_USER = "library"
CONFIG = Path(__file__).resolve().parents[2] / "config"

# What the caller's environment says in our variables is about another installation.
_OURS = re.compile(r"(ACCESS|SYNC|SFTP)_.*|DATABASE_URL|HTTP_PORT|SIP2_PORT")
_KEPT = ("api-key", "sip2-password", "admin-password", "night")
_FOR_THE_DAY = {"ACCESS_PEPPER_FILE": "pepper"}
_FOR_THE_NIGHT = {**_FOR_THE_DAY, "SYNC_KEY_FILE": "sync-key", "SFTP_PASSWORD_DEMO_FILE": "sftp-password"}


@dataclass(frozen=True)
class Home:
    """`folder` is absolute. What is in it stays for the next night, if the folder does."""

    folder: Path

    @property
    def outgoing(self) -> Path:
        """What the district offers the library over SFTP."""
        return self.folder / "sftp" / "outgoing"

    @property
    def library(self) -> DemoLibrary:
        """The ILS, which is told of the patrons."""
        return DemoLibrary(self.folder / "ils")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'access.db'}"

    @property
    def night(self) -> int:
        """The night to run next; the first is 0."""
        return int(self._kept("night") or 0)

    @property
    def api_key(self) -> str | None:
        """The key of the demo's client, None until there is one."""
        return self._kept("api-key")

    @property
    def sip2_password(self) -> str | None:
        """The key of its self-check, None until there is one."""
        return self._kept("sip2-password")

    @property
    def admin_password(self) -> str | None:
        """The password of its account for the pages, None until there is one."""
        return self._kept("admin-password")

    def prepare(self) -> None:
        """Make what is missing. What has no key or no database yet, or no longer, begins again with night 0."""
        self.outgoing.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        for name in _FOR_THE_NIGHT.values():
            if not self._kept(name):
                write_private(self.folder / name, secrets.token_hex(32), 0o400)
        anew = not (self.api_key and self.admin_password and (self.folder / "access.db").exists())
        self.library.prepare(anew=anew)
        if anew:
            kept = [self.folder / name for name in (*_KEPT, "var/audit-heads.jsonl")]
            for file in (*self.folder.glob("*.db*"), *kept):
                file.unlink(missing_ok=True)

    def keep(self, name: str, text: str) -> None:
        """Remember the "night" or a key for the next start."""
        write_private(self.folder / name, text)

    def day_variables(self) -> dict[str, str]:
        """What the answering side needs: where its configuration is, and its one secret."""
        return self._variables(_FOR_THE_DAY)

    def environment(self, *, night: bool = False) -> dict[str, str]:
        """The caller's environment with our variables set for the day's commands, or for the night's."""
        others = {name: value for name, value in os.environ.items() if not _OURS.fullmatch(name)}
        return {**others, **self._variables(_FOR_THE_NIGHT if night else _FOR_THE_DAY)}

    def sftp_password(self) -> str:
        return self._kept("sftp-password") or ""

    def configure(self, http_port: int, sip2_port: int, server: RosterServer) -> None:
        """Write a configuration folder: the project's own, with the places of this demo filled in."""
        districts = self.folder / "config" / "districts"
        districts.mkdir(parents=True, exist_ok=True)
        service = {"url": self.database_url, "spool": str(self.folder / "spool"), "port": http_port}
        service |= {"institution": INSTITUTION, "sip2.port": sip2_port}
        district = {"port": server.port, "host_keys": [server.fingerprint], "user": SFTP_USER}
        _fill(CONFIG / "service.toml", districts.parent / "service.toml", service)
        with (districts.parent / "service.toml").open("a", encoding="utf-8") as text:
            text.write(self.library.terms())
        _fill(CONFIG / "districts" / f"{DISTRICT}.toml", districts / f"{DISTRICT}.toml", district)

    def _variables(self, secret_files: Mapping[str, str]) -> dict[str, str]:
        files = {variable: str(self.folder / name) for variable, name in secret_files.items()}
        return {"ACCESS_CONFIG": str(self.folder / "config"), **files}

    def _kept(self, name: str) -> str | None:
        file = self.folder / name
        return file.read_text() if file.exists() else None


def _fill(template: Path, target: Path, values: Mapping[str, object]) -> None:
    if not template.exists():
        raise OperatorError(f"{template} is missing: the demo starts from the project's own configuration")
    text = template.read_text(encoding="utf-8")
    for key, value in values.items():
        # A JSON string, number or list of strings is also TOML.
        table, _, name = key.rpartition(".")
        before, header, body = _partition(text, rf"^\[{table}\]$") if table else ("", "", text)
        head, found, rest = _partition(body, rf"^{name} *=.*$")
        if not found:
            raise ConfigError(f"{template}: the demo needs a line that sets {key}")
        text = f"{before}{header}{head}{name} = {json.dumps(value, ensure_ascii=False)}{rest}"
    target.write_text(text, encoding="utf-8")


def _partition(text: str, line: str) -> tuple[str, str, str]:
    found = re.search(line, text, re.MULTILINE)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")
