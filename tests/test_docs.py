"""What the documentation lists is what there is."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import click
import pytest
from pydantic import BaseModel

from access_service import cli as day
from access_service import settings
from access_service.audit import Action
from access_service.clients import with_options
from access_service.domain.access import PinResult, Standing
from access_service.domain.client import DialectName, Options, Release
from access_service.domain.identifiers import CleanUp
from access_service.domain.mapping import Exclusion
from access_service.domain.ownership import Owner
from access_service.domain.pins import PinKind
from access_service.domain.traffic import Alarm
from access_service.ils import Existing
from access_service.notices import Event
from access_service.remedies import remedy
from access_service.storage.exceptions import ExceptionKind
from access_service.storage.ils_matches import MatchState
from access_service.storage.runs import Outcome
from sync import cli as night
from sync.ageing import Aged
from sync.alarms import AlarmCode
from sync.guard import Finding
from sync.ils.matching import Evidence
from sync.plan import ChangeKind
from sync.reversal import Return
from sync.roster import RejectCode, WarningCode

ROOT = Path(__file__).parents[1]
ILS_PAGES = ("alma", "csv", "evergreen", "folio", "koha", "koha-rest", "polaris", "sierra", "symphony")
CODES: tuple[type[StrEnum], ...] = (
    Action,
    Outcome,
    Finding,
    RejectCode,
    WarningCode,
    Exclusion,
    ChangeKind,
    ExceptionKind,
    Return,
    Event,
    AlarmCode,
    Alarm,
    Aged,
    Standing,
    PinResult,
    Release,
    DialectName,
    Evidence,
    MatchState,
)


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def keys(model: Any, path: str = "") -> Iterator[str]:
    """Every key of a TOML table, nested ones with dots."""
    hints = get_type_hints(model)
    names = model.model_fields if issubclass(model, BaseModel) else model.__dataclass_fields__
    for name in names:
        table = next((kind for kind in _inside(hints[name]) if is_table(kind)), None)
        yield from keys(table, f"{path}{name}.") if table else [f"{path}{name}"]


def _inside(hint: Any) -> Iterator[Any]:
    yield hint
    for inner in get_args(hint) if get_origin(hint) else ():
        yield from _inside(inner)


def is_table(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))


@pytest.mark.parametrize("key", [*keys(settings.Service), *keys(settings.District)])
def test_every_configuration_key_has_its_line(key: str) -> None:
    """docs/configuration.md has a row for each key there is."""
    assert re.search(rf"^\|[^|]*`{re.escape(key)}`", doc("configuration.md"), re.MULTILINE), key


def test_every_option_of_a_client_has_its_line() -> None:
    """docs/clients.md has a row for each option there is, and for no other."""
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \|", doc("clients.md"), re.MULTILINE)
    assert sorted(rows) == sorted(keys(Options))


def test_every_documented_key_exists() -> None:
    """docs/configuration.md promises no key that is not there."""
    known = {*keys(settings.Service), *keys(settings.District)}
    rows = re.findall(r"^\| ((?:`[a-z_.]+`(?:, )?)+) \|", doc("configuration.md"), re.MULTILINE)
    named = {key for row in rows for key in re.findall(r"`([a-z_.]+)`", row)}
    assert known | {"calendar.breaks"} >= named


@pytest.mark.parametrize("code", [code for codes in CODES for code in codes], ids=str)
def test_every_code_has_its_line(code: StrEnum) -> None:
    """docs/codes.md explains each code that a report, a log or a client can show; docs/rosters.md those of rows."""
    page = "rosters.md" if isinstance(code, RejectCode | WarningCode) else "codes.md"
    assert f"`{code}`" in doc(page)


@pytest.mark.parametrize("code", [*Finding, *RejectCode, *WarningCode, *Exclusion], ids=str)
def test_every_remedy_is_the_one_of_its_line(code: StrEnum) -> None:
    """Commands and the district's feedback say of a code what the pages say of it."""
    found = remedy(code.value)
    assert f"| `{code}` | {found.cause} | {found.cure} |" in doc("codes.md") + doc("rosters.md")


@pytest.mark.parametrize("choice", [*CleanUp, *PinKind, *Owner, *Existing], ids=str)
def test_every_choice_of_a_key_is_named(choice: StrEnum) -> None:
    """docs/configuration.md names each value that a rule can have."""
    assert f"`{choice}`" in doc("configuration.md")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict([*commands(day.cli, "access-service"), *commands(night.cli, "roster-sync")])


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_has_its_line(path: str) -> None:
    """docs/commands.md has a row for each command, which names its options; each command explains itself."""
    command = COMMANDS[path]
    arguments = "".join(f" {p.name.upper()}" for p in command.params if isinstance(p, click.Argument) and p.name)
    row = next((line for line in doc("commands.md").splitlines() if line.startswith(f"| `{path}{arguments}")), None)
    assert row, path
    options = [o for p in command.params if isinstance(p, click.Option) for o in p.opts if o.startswith("--")]
    assert [option for option in options if option not in row] == []
    assert command.help


def test_every_environment_variable_has_its_line() -> None:
    """docs/configuration.md names each variable that the code reads."""
    named = doc("configuration.md")
    for variable in (
        "ACCESS_CONFIG",
        "ACCESS_PEPPER",
        "CLIENT_KEY",
        "SYNC_KEY",
        "RELAY_PASSWORD",
        "SFTP_KEY_",
        "SFTP_PASSWORD_",
        "SMTP_PASSWORD",
        "WEBHOOK_SECRET",
        "PING_URL_",
        "ILS_API_KEY",
        "ILS_API_SECRET",
        *settings.PLACES,
    ):
        assert f"`{variable}" in named


def test_shipped_configuration_loads() -> None:
    """The two shipped districts are right, and the example is never run."""
    loaded = settings.load(ROOT / "config")
    assert list(loaded.districts) == ["demo"]


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


PRODUCTS = re.findall(r"\]\(([a-z]+\.md)\)", doc("connect/README.md"))
SECTIONS = ["What to run here", "What to enter there", "Try it", "What is known to go wrong"]


@pytest.mark.parametrize("page", PRODUCTS)
def test_a_page_of_a_product_has_all_that_it_takes(page: str) -> None:
    """The four sections; clients of the dialects that the index names, which can be added as shown and tried."""
    text = doc(f"connect/{page}")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert "(source: " in text
    dialects = set()
    for shown in re.findall(r"^access-service client add ((?:.*\\\n)*.*)", text, re.MULTILINE):
        arguments = shlex.split(shown.replace("\\\n", " "))
        parsed = COMMANDS["access-service client add"].make_context("add", arguments).params
        assert parsed["districts"] == ("CODE",) and all(map(ip_network, parsed["networks"]))
        with_options(Options(), parsed["options"])
        dialects |= {*parsed["dialects"]}
        assert shown.startswith(Path(page).stem)
    (row,) = (line for line in doc("connect/README.md").splitlines() if f"({page})" in line)
    assert dialects == set(re.findall(r"`(\w+)`", row))
    assert f"access-service try-client {Path(page).stem} NUMBER" in text


@pytest.mark.parametrize("page", PRODUCTS)
def test_a_trial_adds_this_machine_and_takes_it_away(page: str) -> None:
    """Before it the client has the networks that it was added with, and this machine's; after it those alone."""
    name, text = Path(page).stem, doc(f"connect/{page}")
    lines = re.findall(rf"access-service (?:client add|client change|try-client) {name} (?:.*\\\n)*.*", text)
    (add, before, tried, after) = (shlex.split(line.replace("\\\n", " ")) for line in lines)
    assert tried[1:] == ["try-client", name, "NUMBER"]
    change = COMMANDS["access-service client change"]
    networks = [change.make_context("change", line[3:]).params["networks"] for line in (before, after)]
    added = COMMANDS["access-service client add"].make_context("add", add[3:]).params["networks"]
    assert networks == [(*added, "127.0.0.1"), added]


def test_every_page_of_a_product_is_in_the_index() -> None:
    """The other pages of the folder are of ILSs that are told who is a patron, and say how."""
    others = {"README.md", "extract.md"} | {f"{ils}.md" for ils in ILS_PAGES}
    assert {path.name for path in (ROOT / "docs" / "connect").iterdir()} == {*PRODUCTS} | others


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name)
def test_commands_shown_exist(page: Path) -> None:
    """Every command that a page shows as code is one that there is."""
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```.*?```|(?:^    .*$)|`[^`]+`", text, re.DOTALL | re.MULTILINE))
    for program, words in re.findall(r"\b(access-service|roster-sync)((?: --config \S+)?(?: [a-z][a-z0-9-]*)+)", code):
        verbs = re.sub(r" --config \S+", "", words).split()
        known = [path.split()[1:] for path in COMMANDS if path.startswith(program)]
        assert any(verbs[: len(names)] == names for names in known), f"{program} {words}"
