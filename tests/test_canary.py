"""Names, numbers, PINs and birth dates that cannot be mistaken go through everything; then every byte is searched.

Allowed: names in patrons and in the before and after of a change; numbers there and in identifiers, and where somebody
asked (an explanation, an answer to a client that was released them). PINs and birth dates: nowhere at all.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import text

from access_service.storage import engine
from access_service.storage.tables import metadata
from tests.access_service.model_ils import Holder, PatronApiIls
from tests.commands import ROOT, Commands
from tests.place import Place
from tests.sync.ils.model import configure
from tests.sync.listeners import receiver
from tests.sync.rosters import DEMOGRAPHICS, Pupil, csv_bytes, files, package

GIVEN, FAMILY = "Zephyrantheska", "Quillenbrander"
# Nobody with this name gets a card, so it is stored nowhere, not even as a patron's.
NEVER = "Xylotomachus"
LETTERS = "abcdefghijklmnop"
NUMBER = "9021077"  # of whom a card is made; eleven digits with those of the student
LOST = "4403088"  # of whom none is
SIGNED_UP, WRONG_PIN = "08071931", "66600999"
# Whom the ILS alone knows.
HOLDER = Holder(f"{NUMBER}88888888", SIGNED_UP, f"{FAMILY}-Holder, {GIVEN}")
NAMES, NUMBERS = (GIVEN, FAMILY, NEVER), (NUMBER, LOST)
EXTRACT = """
[ils.extract]
folder = "FOLDER"
pattern = "patrons.csv"

[ils.extract.columns]
number = "barcode"
key = "student"
full_name = "name"
birth_date = "born"
"""
# Born in years that no card, run or certificate has: as ISO dates, as PINs, and the wrong PINs that were tried.
SECRETS = ("1931-08", "0807193", "1932-09", "0908193", "1933-", WRONG_PIN)


def pupil(n: int, **changes: str) -> Pupil:
    """A student who gets a card."""
    return Pupil(
        f"s-{n}", f"{NUMBER}{n:04}", born="1931-08-07", given=f"{GIVEN}-{LETTERS[n]}", family=f"{FAMILY}-{LETTERS[n]}"
    ).moved(**changes)


def nobody(n: int, **changes: str) -> Pupil:
    """One who gets none."""
    return Pupil(f"n-{n}", f"{LOST}{n:04}", born="1933-03-03", given=f"{NEVER}{n}", family=NEVER).moved(**changes)


STUDENTS = [*(pupil(n) for n in range(1, 13)), pupil(13, born="1933/03/03")]
WITHOUT_CARD = [
    nobody(1, school="999"),
    nobody(2, grade="PS"),
    nobody(3, grade="?"),
    nobody(4, number=f"{LOST}000000004"),
    nobody(5, number=""),
    nobody(6, status="tobedeleted"),
    nobody(7, number=f"{LOST}0070"),
    nobody(8, number=f"{LOST}0070"),
    nobody(9, family=f"{NEVER}\x07"),
    nobody(10, given=f"{NEVER}\r\n{NEVER}"),
    nobody(11, given=NEVER * 200),
    nobody(12, role="teacher"),
    nobody(13, source_id=""),
    nobody(15, source_id="n-15"),
    nobody(16, source_id="n-15"),
]


@dataclass
class Heard:
    """Everything that was said: `answers` to somebody who asked for a number, and the `rest`."""

    answers: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


@pytest.fixture
def place(tmp_path: Path, commands: Commands, blank_url: str) -> Place:
    """A district with numbers of eleven digits and birth dates as PINs."""
    made = Place(tmp_path, commands, blank_url)
    made.edit("pad_to = 7", "pad_to = 11")
    made.edit(r"'\d{7}'", r"'\d{11}'")
    made.edit('rule = "MMDD"', 'rule = "MMDDYYYY"')
    made.edit('"290012345"', '"2900000012345"')
    made.edit('pin = "0412"', 'pin = "04122017"')
    made.edit("[calendar]", "[limits]\nrejects_count = 8\nremovals_count = 6\nfile_shrink_percent = 100\n[calendar]")
    # Its files are the ILS's: names and numbers are there for it to read.
    configure(made.config / "service.toml", tmp_path / "ils")
    with (made.config / "service.toml").open("a", encoding="utf-8") as service:
        service.write(EXTRACT.replace("FOLDER", str(tmp_path / "ils")))
    assert made.day("upgrade-db").code == 0
    return made


def test_nothing_personal_leaves_its_place(place: Place) -> None:
    """Nights, commands and a server with good, bad and hostile input, and a search of all that is said and stored."""
    heard = Heard()
    with receiver() as webhook:
        place.edit("[calendar]", f'[notify]\nwebhook = "{webhook.url}"\n[calendar]')
        place.environment["WEBHOOK_SECRET"] = "c3ludGhldGljIHNlY3JldCBvZiBhIHRlc3Q="
        nights(place, heard)
        extracts(place, heard)
    told = [body.decode() for _, _, body in webhook.posts]
    assert [event["event"] for body in told for event in json.loads(body)["events"]] == [
        "held_in_part",
        "failed",
        "held",
    ]
    heard.rest += told
    clients(place, heard)
    with PatronApiIls(HOLDER) as ils:
        ask_there(place, ils)
        with serving(place, heard) as port:
            questions(port, place, heard)
            cardholders(port, place, heard, ils)
    commands_that_ask(place, heard)
    check_what_was_said(heard)
    check_what_is_stored(place)
    # What is left of a held night is sealed.
    assert [path.name for path in (place.folder / "var/spool").iterdir() if path.is_dir()] == ["held"]
    check_who_opts_out(place)


def check_who_opts_out(place: Place) -> None:
    """Of somebody who opts out no cell of any table and no byte of any file holds a name, an id or a number."""
    numbers = (f"{NUMBER}0002", f"{NUMBER}0999")
    theirs = (*numbers, *(f"{name}-{LETTERS[2]}" for name in (GIVEN, FAMILY)))
    for command in (("add", numbers[1]), ("list",), ("add", numbers[0]), ("cards",)):
        why = ("--reason", "a form") if command[0] == "add" else ()
        ended = place.day("opt-out", *command, "--district", "demo", *why)
        assert ended.code == 0 and found(NAMES + SECRETS, ended.out + ended.err) == []
        assert command[0] == "cards" or found(NUMBERS, ended.out + ended.err) == []
    databases = engine.connect(place.database_url)
    with databases.reader.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(table.select()).all()
            assert found(theirs, repr(rows)) == [] and not [row for row in rows if "s-2" in row], table.name
    databases.dispose()
    kept = [path for path in place.folder.rglob("*") if path.is_file() and path.suffix not in (".zip", ".csv")]
    for path in kept:
        assert found(theirs, path.read_bytes().decode("latin-1")) == [], path.name


# -- the night ------------------------------------------------------------------------------------------------------


def nights(place: Place, heard: Heard) -> None:
    """A first night, a second in which everything about somebody changes, and all the ways to go wrong."""
    second = [
        STUDENTS[0].moved(family=f"{FAMILY}-Married"),
        STUDENTS[1].moved(number=f"{NUMBER}0999"),
        STUDENTS[2].moved(born="1932-09-08"),
        STUDENTS[3].moved(school="102", grade="04"),
        STUDENTS[4].moved(born=""),
        STUDENTS[5].moved(number=STUDENTS[6].number),
        *STUDENTS[6:10],
    ]
    for name, students, code in (("first", STUDENTS + WITHOUT_CARD, 0), ("second", second + WITHOUT_CARD, 0)):
        _both(place, heard, package(place.folder / f"{name}.zip", students), code)
    _both(place, heard, package(place.folder / "held.zip", second[:2]), 2)
    users = files(STUDENTS)["users.csv"]
    born = csv_bytes(DEMOGRAPHICS, ({"sourcedId": each.source_id, "birthDate": "7 Aug 1931-08"} for each in STUDENTS))
    for name, changed in {
        "no-header": {"users": users.split(b"\r\n", 1)[1]},
        "one-name-as-header": {"users": f"{GIVEN},{FAMILY},{','.join('x' * 16)}\r\n".encode() + users},
        "latin": {"users": users.replace(f"{FAMILY}-h".encode(), b"Qu\xe9")},
        "open-quote": {"users": users.replace(f"{GIVEN}-d".encode(), f'"{GIVEN}-d'.encode())},
        "too-wide": {"users": users.replace(b",03,\r\n", b",03,,\r\n") * 3},
        "shifted": {"users": users.replace(b",true,", b",true,,")},
        "no-demographics": {"demographics": born.split(b"\r\n", 1)[1]},
        "cut": {"users": users[:-30], "manifest": f"{GIVEN},{FAMILY}\r\n".encode()},
    }.items():
        _both(place, heard, package(place.folder / f"{name}.zip", STUDENTS, changed=changed), 1)
    for one, other in (("orgSourcedIds", "givenName"), ("identifier", "familyName"), ("grades", "familyName")):
        # Columns under each other's names: whoever reads a name as a school must not show it.
        swapped = users.replace(one.encode(), b"?").replace(other.encode(), one.encode()).replace(b"?", other.encode())
        _both(place, heard, package(place.folder / f"{one}.zip", STUDENTS, changed={"users": swapped}), 2)
    _both(place, heard, _broken_zip(place), 1)
    for key, value in (("ACCESS_PEPPER", WRONG_PIN), ("SYNC_KEY", WRONG_PIN)):
        kept = place.environment[key]
        place.environment[key] = value
        _both(place, heard, place.folder / "first.zip", 1)
        place.environment[key] = kept


def _broken_zip(place: Place) -> Path:
    path = place.folder / "broken.zip"
    path.write_bytes(package(path, STUDENTS).read_bytes().replace(b"users.csv", GIVEN.encode()[:9]))
    return path


def _both(place: Place, heard: Heard, file: Path, code: int) -> None:
    """Preview and run, both of which say the same again as JSON where they say anything."""
    again = [] if code == 1 else [("preview", "demo", "--json"), ("run", "demo", "--json")]
    for arguments in (("preview", "demo"), ("run", "demo"), *again):
        ended = place.sync(*arguments, "--file", file)
        assert ended.code == code, (file.name, ended)
        heard.rest += [ended.out, ended.err]


# -- the morning ----------------------------------------------------------------------------------------------------


def extracts(place: Place, heard: Heard) -> None:
    """The ILS's patrons with names and birth dates, in files good and bad."""
    rows = [f'{NUMBER}7777,,"{NEVER}, {NEVER}",1933-03-03', f'29{NUMBER}0001,1,"{FAMILY}, {GIVEN}",1931-08-07']
    header = "barcode,student,name,born"
    for code, content in (
        (1, f"{NEVER},{FAMILY}\n{GIVEN}\n"),
        (1, "\n".join([header, *rows, f'"{NEVER}'])),
        (1, "\n".join([header, *rows, rows[0]])),
        (1, "\n".join([header, *rows, f"{NUMBER}8888,,{GIVEN},{FAMILY}", f"{NUMBER}8889,,{GIVEN},7 Aug 1931-08"] * 2)),
        (0, "\n".join([header, *rows])),
    ):
        (place.folder / "ils" / "patrons.csv").write_text(content, encoding="utf-8")
        ended = place.sync("extract")
        assert ended.code == code, (content, ended)
        heard.rest += [ended.out, ended.err]
    listed = place.sync("accounts", "list", "demo")
    assert listed.code == 0
    heard.answers += [listed.out]
    heard.rest += [listed.err]


def clients(place: Place, heard: Heard) -> None:
    """A vendor with a key that is released everything, and an ILS that asks from loopback."""
    everything = ("name", "student_number", "library_number", "patron_id", "school", "grade", "branch", "expires")
    released = [argument for name in everything for argument in ("--release", name)]
    here = ("--district", "demo", "--network", "127.0.0.0/8")
    added = place.day("client", "add", "vendor", "--dialect", "rest", *here, *released, "--json").json
    place.environment["KEY"] = added["key"]
    for arguments in (("client", "add", "ils", "--dialect", "patronapi", *here), ("client", "list"), ("check-config",)):
        ended = place.day(*arguments)
        assert ended.code == 0
        heard.rest += [ended.out, ended.err]


@contextmanager
def serving(place: Place, heard: Heard) -> Iterator[int]:
    """The real server on a free port; what it said is heard when it has ended."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = int(listener.getsockname()[1])
    log = place.folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "access_service", "serve"],
            env=os.environ | place.environment | {"HTTP_PORT": str(port)},
            cwd=ROOT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 30
        while ask(port, "GET", "/healthz")[0] != 200 and time.monotonic() < end:
            time.sleep(0.05)
        yield port
        process.terminate()
        assert process.wait(30) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    heard.rest.append(log.read_text(encoding="utf-8"))
    assert heard.rest[-1].count('"event": "request"') > 40


def ask(  # noqa: PLR0913, PLR0917 - a request has these parts
    port: int, method: str, path: str, body: str = "", key: str = "", kind: str = "application/json"
) -> tuple[int, str]:
    headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            heads = "".join(f"{name}: {value}\n" for name, value in response.getheaders())
            return response.status, heads + response.read().decode()
    except OSError:
        return 0, ""


def questions(port: int, place: Place, heard: Heard) -> None:
    """In both dialects: right, wrong, unknown, malformed, not allowed, and with the database in disorder."""
    key, number = place.environment["KEY"], f"{NUMBER}0001"

    def sign_in(number: str, pin: str) -> tuple[int, str]:
        return ask(port, "POST", "/v1/authentications", json.dumps({"number": number, "pin": pin}), key)

    status, said = sign_in(number, SIGNED_UP)
    assert status == 200 and f"{FAMILY}-Married" in said
    heard.answers.append(said)
    status, said = ask(port, "GET", f"/v1/patrons/{number}", key=key)
    assert status == 200 and GIVEN in said
    heard.answers += [said, ask(port, "GET", f"/PATRONAPI/{number}/dump")[1]]
    form = urlencode({"number": number, "pin": SIGNED_UP})
    silent = [
        *(sign_in(number, pin) for pin in (WRONG_PIN, "", f"{SIGNED_UP}0", SIGNED_UP * 20, FAMILY)),
        *(sign_in(typed, SIGNED_UP) for typed in (f"{LOST}0001", f"{NUMBER}0005", FAMILY, NUMBER * 20, f"29{NUMBER}")),
        *(sign_in(number, WRONG_PIN) for _ in range(7)),
        ask(port, "GET", f"/v1/patrons/{LOST}0001", key=key),
        ask(port, "GET", f"/v1/patrons/{quote(FAMILY * 9)}", key=key),
        ask(port, "GET", f"/v1/patrons/{number}", key=WRONG_PIN),
        ask(port, "GET", f"/v1/patrons/{number}?pin={SIGNED_UP}"),
        ask(port, "DELETE", f"/v1/patrons/{number}", key=key),
        ask(port, "POST", "/v1/authentications", f'{{"number": "{number}", "pin": "{SIGNED_UP}"', key),
        ask(port, "POST", "/v1/authentications", f'{{"number": {number}, "pin": {WRONG_PIN}}}', key),
        ask(port, "POST", "/v1/authentications", f'{{"{FAMILY}": "{number}", "pin": "{SIGNED_UP}"}}', key),
        ask(port, "POST", "/v1/authentications", form, key, "application/x-www-form-urlencoded"),
        ask(port, "POST", "/v1/authentications", SIGNED_UP * 3000, key),
        ask(port, "GET", f"/{FAMILY}/{number}/{SIGNED_UP}"),
        ask(port, SIGNED_UP, f"/{FAMILY}", key=key),
        ask(port, "GET", f"/PATRONAPI/{number}/{SIGNED_UP}/pintest"),
        ask(port, "GET", f"/PATRONAPI/{number}/{WRONG_PIN}/pintest"),
        ask(port, "GET", f"/PATRONAPI/{number}//pintest"),
        ask(port, "GET", f"/PATRONAPI/{LOST}0001/{SIGNED_UP}/pintest"),
        ask(port, "GET", f"/PATRONAPI/{LOST}0001/dump"),
        ask(port, "GET", f"/PATRONAPI/{number}/{SIGNED_UP}/{quote(FAMILY)}"),
        ask(port, "POST", f"/PATRONAPI/{number}/{SIGNED_UP}/pintest"),
        ask(port, "POST", "/PATRONAPI/pintest", form, kind="application/x-www-form-urlencoded"),
        ask(port, "POST", "/PATRONAPI/pintest", form.replace("pin", FAMILY), kind="application/x-www-form-urlencoded"),
    ]
    assert "RETCOD=0" in silent[-1][1] or "RETCOD=0" in silent[-2][1]
    silent += _disordered(port, place, key, number)
    silent += [ask(port, "GET", page) for page in ("/metrics", "/readyz", "/healthz", "/openapi.json")]
    assert 0 not in {status for status, _ in silent}
    heard.rest += [said for _, said in silent]


def ask_there(place: Place, ils: PatronApiIls) -> None:
    """An ILS that is asked about numbers of nobody, for one client."""
    with (place.config / "service.toml").open("a", encoding="utf-8") as service:
        service.write(f'[relay]\nprotocol = "patronapi"\nhost = "127.0.0.1"\nport = {ils.port}\ntls = false\n')
    here = ("--district", "demo", "--network", "127.0.0.0/8", "--release", "name", "--set", "relay=true")
    place.environment["RELAYED"] = place.day("client", "add", "box", "--dialect", "rest", *here, "--json").json["key"]


def cardholders(port: int, place: Place, heard: Heard, ils: PatronApiIls) -> None:
    """Somebody whom the ILS alone knows: their right PIN, others, and the ILS away."""

    def sign_in(pin: str) -> tuple[int, str]:
        asked = json.dumps({"number": HOLDER.number, "pin": pin})
        return ask(port, "POST", "/v1/authentications", asked, place.environment["RELAYED"])

    status, said = sign_in(SIGNED_UP)
    assert status == 200 and f"{FAMILY}-Holder" in said
    heard.answers.append(said)
    silent = [sign_in(pin) for pin in (WRONG_PIN, "", f"{SIGNED_UP}0", "|")]
    ils.spoil = lambda page: page[:-3]
    silent += [sign_in(pin) for pin in (SIGNED_UP, WRONG_PIN)]
    assert [status for status, _ in silent] == [200] * 4 + [503] * 2
    heard.rest += [said for _, said in silent]


def _disordered(port: int, place: Place, key: str, number: str) -> list[tuple[int, str]]:
    """A row that cannot be, and then a table that is away: 500 and 503, whoever asks."""
    asked = [
        ("GET", f"/v1/patrons/{number}", ""),
        ("POST", "/v1/authentications", json.dumps({"number": number, "pin": SIGNED_UP})),
        ("GET", f"/PATRONAPI/{number}/{SIGNED_UP}/pintest", ""),
        ("GET", f"/PATRONAPI/{number}/dump", ""),
    ]
    impossible = (
        f"INSERT INTO identifiers (key, kind, district, patron_id) VALUES ('{number}', 'impossible', 'demo', 1)"  # noqa: S608
    )
    silent = []
    for expected, disorder, order in (
        (500, impossible, "DELETE FROM identifiers WHERE kind = 'impossible'"),
        (503, "ALTER TABLE patrons RENAME TO away", "ALTER TABLE away RENAME TO patrons"),
    ):
        _execute(place, disorder)
        answers = [ask(port, method, path, body, key) for method, path, body in asked]
        _execute(place, order)
        assert [status for status, _ in answers] == [expected] * len(asked)
        silent += answers
    return silent


def _execute(place: Place, statement: str) -> None:
    databases = engine.connect(place.database_url)
    with databases.writer.begin() as connection:
        connection.execute(text(statement))
    databases.dispose()


def commands_that_ask(place: Place, heard: Heard) -> None:
    """Explanations say numbers and never a name or PIN; a lookup says what the client was released."""
    for typed in (f"{NUMBER}0001", f"{NUMBER}0002", f"{NUMBER}0005", f"{NUMBER}0007", f"{NUMBER}0011", f"{LOST}0001"):
        for more in ((), ("--json",)):
            ended = place.day("explain", typed, *more)
            assert ended.code == 0 and typed in ended.out
            assert not [name for name in NAMES if name in ended.out]
            heard.answers.append(ended.out)
            heard.rest.append(ended.err)
    for number in (f"{NUMBER}0003", f"{LOST}0001"):
        for pin in ("09081932", WRONG_PIN, ""):
            ended = place.day("lookup", number, "--client", "vendor", "--with-pin", typed=f"{pin}\n")
            assert ended.code == 0
            (heard.answers if GIVEN in ended.out else heard.rest).append(ended.out)
            heard.rest.append(ended.err)
    assert GIVEN in heard.answers[-1]
    quarantined(place, heard)
    by_hand(place, heard)
    for command in (("request", "demo"), ("schedule", "--list"), ("schedule", "--list", "--json")):
        ended = place.sync(*command)
        assert ended.code == 0
        heard.rest += [ended.out, ended.err]
    ended = place.day("lookup", f"{NUMBER}0001", "--client", WRONG_PIN[:3])
    assert ended.code == 1
    heard.rest += [ended.out, ended.err]


def by_hand(place: Place, heard: Heard) -> None:
    """Names that somebody sets, and numbers of whom nights leave alone, are told to nobody."""
    until = str(datetime.now(UTC).date() + timedelta(days=7))
    skip = ("exception", "add", "skip", "--district=demo", f"--until={until}")
    for command in (
        ("patron", "set", f"{NUMBER}0001", f"given_name={GIVEN}-a", f"--until={until}"),
        ("patron", "release", f"{NUMBER}0001", "given_name"),
        (*skip, f"--number={LOST}0001"),
        (*skip, f"--number={NUMBER}0002"),
    ):
        ended = place.day(*command, "--reason=a test")
        assert ended.code == 0, ended
        heard.rest += [ended.out, ended.err]
    for group, *options in (("exception",), ("exception", "--json"), ("audit", "--json")):
        ended = place.day(group, "list", *options)
        heard.rest += [ended.out, ended.err]
    ended = place.day("story", "demo", "--csv", "story.csv", "--months", "months.csv", "--json")
    assert ended.code == 0, ended
    heard.rest += [ended.out, ended.err, *((place.folder / f"{name}.csv").read_text() for name in ("story", "months"))]


def quarantined(place: Place, heard: Heard) -> None:
    """Rows that no run could use are listed without a word of theirs, and shown to who asks for one."""
    for more in ((), ("--json",)):
        listed = place.sync("quarantine", "list", "demo", *more)
        assert listed.code == 0 and "control_character" in listed.out and "number_pattern" in listed.out
        heard.rest += [listed.out, listed.err]
    entries = place.sync("quarantine", "list", "demo", "--json").json["entries"]
    entry = next(str(each["entry"]) for each in entries if each["code"] == "number_pattern")
    shown = place.sync("quarantine", "show", entry)
    assert found((NEVER, LOST, "1933-"), shown.out) and not shown.err
    exported = place.sync("quarantine", "export", "demo", "--to", place.folder / "mend.csv")
    assert exported.code == 0 and NEVER in (place.folder / "mend.csv").read_text()
    for option in ("--preview", "--json", f"--file={place.folder / 'mend.csv'}"):
        ended = place.sync("quarantine", "replay", "demo", option)
        heard.rest += [exported.out, exported.err, ended.out, ended.err]
        assert ended.code == 0, ended


# -- the search -----------------------------------------------------------------------------------------------------


def found(canaries: tuple[str, ...], said: str) -> list[str]:
    """Which canaries are in a text, however it writes their letters; with what stands around the first of each."""
    lower = said.lower()
    places = {canary: lower.find(canary.lower()) for canary in canaries}
    return [said[max(0, at - 60) : at + 60] for at in places.values() if at >= 0]


def check_what_was_said(heard: Heard) -> None:
    """Secrets in no output at all; names and numbers in none that nobody asked for."""
    assert len(heard.rest) > 120 and len(heard.answers) > 10
    assert found((GIVEN, NUMBER), "".join(heard.answers))
    for said in heard.answers:
        assert found((*SECRETS, NEVER), said) == []
    for said in heard.rest:
        assert found(NAMES + NUMBERS + SECRETS, said) == []


# Table and column -> what may be there.
MAY_HOLD = {
    "patrons.given_name": (GIVEN,),
    "patrons.family_name": (FAMILY,),
    "patrons.student_number": (NUMBER,),
    "patrons.library_number": (NUMBER,),
    "identifiers.key": (NUMBER,),
    "changes.before": (GIVEN, FAMILY, NUMBER),
    "changes.after": (GIVEN, FAMILY, NUMBER),
    "ils_accounts.number": (NUMBER,),
    "ils_accounts.told": (NUMBER,),
    "ils_cards.folded": (NUMBER,),
    "ils_cards.number": (NUMBER,),
}


def check_what_is_stored(place: Place) -> None:
    """Every value of every table, and on SQLite every byte of every file."""
    databases = engine.connect(place.database_url)
    everything = NAMES + NUMBERS + SECRETS
    searched = 0
    with databases.reader.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                for column, value in row._mapping.items():
                    allowed = MAY_HOLD.get(f"{table.name}.{column}", ())
                    written = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    assert found(tuple(set(everything) - set(allowed)), written) == [], f"{table.name}.{column}"
                    searched += 1
        held = {table.name: connection.execute(table.select()).all() for table in metadata.sorted_tables}
    databases.dispose()
    assert searched > 500
    assert found(MAY_HOLD["changes.before"], repr(held["changes"])) and len(held["patrons"]) == len(STUDENTS)
    assert {row.outcome for row in held["runs"]} == {
        "applied",
        "edited",
        "same_file",
        "same_students",
        "held",
        "held_in_part",
        "failed",
    }
    for path in place.folder.glob("access*.db*"):
        allowed = () if ".day." in path.name else (GIVEN, FAMILY, NUMBER)
        assert found(tuple(set(everything) - set(allowed)), path.read_bytes().decode("latin-1")) == [], path.name
