"""What the day's commands share: the installation that they work on."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from access_service import settings
from access_service.audit import Auditor
from access_service.command_line import typed_by
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage import engine, peppers, schema
from access_service.storage.engine import Databases, database_errors


@dataclass(frozen=True, slots=True)
class Installation:
    """What the commands work on: a configuration folder and all that it leads to."""

    folder: Path

    def settings(self) -> Settings:
        return settings.load(self.folder)

    def databases(self) -> Databases:
        opened = engine.connect(self.settings().service.database.url)
        schema.check(opened)
        return opened

    def vault(self, databases: Databases) -> PinVault:
        """The PIN vault, with the peppers that the stored PINs need."""
        vault = PinVault.from_environment()
        with database_errors(), databases.reader.connect() as connection:
            vault.check(peppers.used(connection))
        return vault

    def auditor(self, databases: Databases) -> Auditor:
        """Puts on record what is typed here."""
        return Auditor(self.vault(databases), typed_by(), self.settings().service.audit_heads)


def typed_pin(what: str = "PIN") -> str:
    """A prompt would ask the terminal even where a PIN is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(what, hide_input=True, default="", show_default=False, err=True))
