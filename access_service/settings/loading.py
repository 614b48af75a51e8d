"""Reading what is configured: TOML files, and the environment for secrets and places."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError, model_validator

from access_service.errors import ConfigError
from access_service.ils import Existing
from access_service.settings.district import District
from access_service.settings.service import Database, Service
from access_service.toml import KEY_PROBLEMS, Table

# Environment variables that override a key of service.toml.
PLACES = {"DATABASE_URL": ("database", "url"), "HTTP_PORT": ("http", "port"), "SIP2_PORT": ("sip2", "port")}

TableT = TypeVar("TableT", bound=Table)


class Settings(Table):
    service: Service
    districts: Mapping[str, District]

    @model_validator(mode="after")
    def _groups_are_of_districts_there_are(self) -> Self:
        oidc = self.service.admin.oidc
        named = {code for group in oidc.groups.values() for code in group.districts} if oidc else set()
        if strange := sorted(named - self.districts.keys()):
            raise ConfigError(f"service.toml: admin.oidc.groups: there is no district {strange[0]!r}")
        return self

    def district(self, code: str) -> District:
        """One district by code; ConfigError names those there are."""
        if code not in self.districts:
            known = ", ".join(sorted(self.districts)) or "none"
            raise ConfigError(f"no district {code!r}; config/districts has: {known}")
        return self.districts[code]


def load(folder: Path) -> Settings:
    """Read service.toml and districts/*.toml. Errors: ConfigError, one line with file, key and what it should be.

    `example.toml` only explains: it is checked like the others and never a district.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name it with --config or ACCESS_CONFIG")
    service = load_service(folder)
    found = (load_district(path, service) for path in sorted((folder / "districts").glob("*.toml")))
    return Settings(service=service, districts={each.code: each for each in found if each.code != "example"})


def load_service(folder: Path) -> Service:
    """Read service.toml. Errors as above."""
    return _service(folder / "service.toml")


def load_district(path: Path, service: Service) -> District:
    """Read the file of one district. Errors as above."""
    district = _validate(District, path, _read(path))
    if path.stem != district.code:
        raise ConfigError(f"{path}: [district] code is {district.code!r}, so the file should be {district.code}.toml")
    if district.code != "example":
        if district.notify.to and not service.mail:
            raise ConfigError(f"{path}: notify.to: needs a [mail] server in service.toml")
        if district.agreement.contacts and not service.mail:
            raise ConfigError(f"{path}: agreement.contacts: needs a [mail] server in service.toml")
        if district.ils.existing is not Existing.SECOND_CARD and not (service.ils and service.ils.extract):
            raise ConfigError(f"{path}: ils.existing: needs [ils.extract] in service.toml, which has the cards")
    return district


def secret(name: str) -> str:
    """A secret from the environment variable `name`, or from the file that `name`_FILE names."""
    if value := os.environ.get(name):
        return value
    if not (path := os.environ.get(f"{name}_FILE")):
        raise ConfigError(f"set {name}, or {name}_FILE to a file that holds it")
    try:
        value = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE: cannot read {path}: {error.__class__.__name__}") from error
    if not value:
        raise ConfigError(f"{name}_FILE: {path} is empty")
    return value


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _service(path: Path) -> Service:
    table = _read(path)
    service = _validate(Service, path, table)
    for variable, (section, key) in PLACES.items():
        if value := os.environ.get(variable):
            table[section] = {**table.get(section, {}), key: value}
            service = _validate(Service, f"environment variable {variable}", table)
    # From beside the configuration folder, wherever a command is started: cron starts it at home.
    root = path.absolute().parent.parent
    url = re.sub(r"^sqlite:///(?=[^/])", f"sqlite:///{root}/", service.database.url)
    places: dict[str, object] = {"spool": root / service.spool, "audit_heads": root / service.audit_heads}
    keys = ("tls_certificate", "tls_key", "tls_client_ca")
    files = {key: root / path for key in keys if (path := getattr(service.sip2, key))}
    places["sip2"] = service.sip2.model_copy(update=files)
    if (relay := service.relay) and relay.ca_file:
        places["relay"] = relay.model_copy(update={"ca_file": root / relay.ca_file})
    return service.model_copy(update={**places, "database": Database(url=url)})


def _validate(model: type[TableT], source: Path | str, table: dict[str, Any]) -> TableT:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        first, *others = error.errors(include_input=False, include_url=False)
        where = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(others)} more)" if others else ""
        message = KEY_PROBLEMS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise ConfigError(f"{source}: {where + ': ' if where else ''}{message}{more}") from error
