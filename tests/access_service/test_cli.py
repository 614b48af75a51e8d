"""The day's commands as people run them: database, configuration, clients, lookups and explanations."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from access_service.storage import engine
from access_service.storage.tables import identifiers
from tests.access_service import seed
from tests.commands import Commands, Ended
from tests.place import Place
from tests.sync.ils.model import configure
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

NOW = datetime.now(UTC)
GIVEN, FAMILY = "Quillonia", "Vandermarkt"
ALWAYS = ("--dialect", "rest", "--district", "demo", "--network", "127.0.0.0/8")


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """An installation before its first night."""
    return Place.on_sqlite(tmp_path, commands, empty)


# -- database and configuration -----------------------------------------------------------------------------------


def test_a_database_is_made_once_and_upgraded_as_often_as_wanted(tmp_path: Path, commands: Commands) -> None:
    """The first upgrade makes it, the second finds nothing to do, and before it every command says what to run."""
    place = Place(tmp_path, commands, f"sqlite:///{tmp_path}/fresh/access.db")
    for command in (("explain", "7"), ("client", "list"), ("lookup", "7", "--client", "x"), ("serve",)):
        assert place.day(*command).refused().endswith("(a new installation: run `access-service upgrade-db`)")
        assert not (tmp_path / "fresh").exists()
    for _ in range(2):
        assert place.day("upgrade-db") == Ended(0, "the database is up to date\n", "")
    assert place.day("client", "list") == Ended(0, "", "")
    for made, mode in ((tmp_path / "fresh", 0o700), *((path, 0o600) for path in (tmp_path / "fresh").iterdir())):
        assert made.stat().st_mode & 0o777 == mode


def test_postgresql_is_upgraded_by_the_same_command(tmp_path: Path, commands: Commands, blank_url: str) -> None:
    """On either database."""
    place = Place(tmp_path, commands, blank_url)
    assert place.day("upgrade-db").code == 0
    assert place.day("explain", "7").code == 0


def test_a_configuration_that_holds_says_so(place: Place) -> None:
    """How many examples were tried, district by district; no database is needed for it."""
    place.environment["DATABASE_URL"] = "sqlite:////proc/none.db"
    assert place.day("check-config") == Ended(0, "demo: 2 examples hold\n", "")


def test_a_cardholder_is_unlocked_by_the_number(place: Place) -> None:
    """Where the ILS is asked, for then the number can be somebody's; without, it is nobody's. A student by theirs."""
    databases = engine.connect(place.database_url)
    seed.store(databases, seed.patron())
    databases.dispose()
    assert place.day("unlock", "12345", "--reason", "a test") == Ended(0, "patron 1: 0 unlocked\n", "")
    unlock = ("unlock", "21000000000017", "--reason", "a test")
    assert place.day(*unlock).refused().startswith("nobody has this number")
    with (place.config / "service.toml").open("a", encoding="utf-8") as text:
        text.write('[relay]\nprotocol = "patronapi"\nhost = "ils.example.org"\n')
    assert place.day(*unlock) == Ended(0, "cardholder: 0 unlocked\n", "")


def test_pins_that_nobody_can_verify_are_told(place: Place) -> None:
    """Where the ILS keeps them and is not asked; with a relay nothing is said."""
    service = place.config / "service.toml"
    configure(service, place.folder / "ils")
    columns = '{header = "barcode", field = "library_number"}'
    place.edit(columns, columns + ', {header = "pin", field = "pin"}', "service.toml")
    place.edit('owner = "service"', 'owner = "ils"', "service.toml")
    ended = place.day("check-config")
    assert (ended.code, ended.err) == (0, 'pins.owner is "ils" and there is no [relay]: no PIN is right here\n')
    with service.open("a", encoding="utf-8") as text:
        text.write('[relay]\nprotocol = "patronapi"\nhost = "ils.example.org"\n')
    assert place.day("check-config") == Ended(0, "demo: 2 examples hold\n", "")


def test_a_relay_that_is_half_set_up_is_told(place: Place) -> None:
    """A client of a relay that is not there, and a login without its password; both are done as they were asked."""
    assert place.day("client", "add", "vendor", *ALWAYS).code == 0
    ended = place.day("client", "set", "vendor", "relay=true")
    warned = "client vendor: relay does nothing until service.toml has [relay]; see docs/relay.md\n"
    assert ended == Ended(0, "client vendor is changed\n", warned)
    with (place.config / "service.toml").open("a", encoding="utf-8") as text:
        text.write('[relay]\nprotocol = "sip2"\nhost = "ils.example.org"\nlogin = "us"\n')
    assert place.day("client", "set", "vendor", "relay=true") == Ended(0, "client vendor is changed\n", "")
    said = "[relay]: set RELAY_PASSWORD, or RELAY_PASSWORD_FILE to a file that holds it; until then no service starts\n"
    assert place.day("check-config") == Ended(0, "demo: 2 examples hold\n", said)


def test_a_sign_in_without_its_secret_is_told(place: Place) -> None:
    """Before `serve` refuses to start for it; and a network that is no list is said in our words."""
    file = place.config / "service.toml"
    before = file.read_text(encoding="utf-8")
    oidc = (
        '[admin.oidc]\nissuer = "https://login.example.org"\nclient_id = "us"\ngroups = { staff = { role = "desk" } }\n'
    )
    file.write_text(f"{before}\n{oidc}", encoding="utf-8")
    ended = place.day("check-config")
    assert ended.code == 0 and "[admin.oidc]: set OIDC_CLIENT_SECRET, or OIDC_CLIENT_SECRET_FILE" in ended.err
    file.write_text(re.sub(r"(?m)^networks = .*", 'networks = "127.0.0.1"', before), encoding="utf-8")
    assert "admin.networks: should be a list, such as" in place.day("check-config").refused()


def test_a_variable_that_is_wrong_is_the_one_named(place: Place) -> None:
    """And none of the others."""
    place.environment["SIP2_PORT"] = "70000"
    assert place.day("check-config").refused().startswith("environment variable SIP2_PORT: sip2.port: ")


def test_a_wrong_example_is_told(place: Place) -> None:
    """File, example and key, what comes out and what was promised."""
    place.edit('branch = "MAPLE"', 'branch = "RIVER"')
    ended = place.day("check-config")
    assert ended.refused() == "demo.toml [[examples]] 1: by the rules branch is 'MAPLE', not 'RIVER'"


def test_districts_that_can_make_the_same_number_are_refused(place: Place) -> None:
    """Two districts with one template: the line names both; with another prefix they pass."""
    other = place.config / "districts" / "river.toml"
    text = (place.config / "districts" / "demo.toml").read_text(encoding="utf-8")
    other.write_text(text.replace('code = "demo"', 'code = "river"'), encoding="utf-8")
    ended = place.day("check-config")
    assert ended.code == 1 and "demo.toml and river.toml" in ended.err and ended.err.count("\n") == 1
    other.write_text(other.read_text(encoding="utf-8").replace("29", "31"), encoding="utf-8")
    assert place.day("check-config") == Ended(0, "demo: 2 examples hold\nriver: 2 examples hold\n", "")


# -- clients ------------------------------------------------------------------------------------------------------


def test_a_client_is_added_listed_and_revoked(place: Place) -> None:
    """Its key is shown once and stored nowhere; what it may is listed; a revoked one is gone, and its name is used."""
    added = place.day("client", "add", "vendor", *ALWAYS, "--release", "branch", "--json").json
    assert added["name"] == "vendor" and len(added["key"]) >= 43
    assert added["key"].encode() not in (place.folder / "access.db").read_bytes()
    listed = place.day("client", "list").out
    assert listed == "vendor: speaks rest about demo from 127.0.0.0/8; is told branch\n"
    assert added["key"] not in listed
    assert place.day("client", "revoke", "vendor") == Ended(0, "client vendor is revoked\n", "")
    assert place.day("client", "list").out == ""
    assert place.day("client", "revoke", "vendor").refused().startswith("no client 'vendor' to revoke")
    assert "there was a client 'vendor' already" in place.day("client", "add", "vendor", *ALWAYS).refused()


def test_a_key_is_for_those_who_need_one(place: Place) -> None:
    """The Patron API has no keys, so none is made; the plain output shows the key in its one line."""
    by_address = place.day("client", "add", "ils", "--dialect", "patronapi", "--district", "demo", "--network", "::1")
    assert by_address == Ended(0, "client ils added\n", "")
    by_key = place.day("client", "add", "vendor", *ALWAYS)
    assert by_key.code == 0 and by_key.out.startswith("client vendor added; its key, shown only now: ")
    assert "is told branch expires library_number patron_id patron_type" in place.day("client", "list").out


def _patronapi(place: Place, name: str, *networks: str) -> Ended:
    listed = [argument for network in networks for argument in ("--network", network)]
    return place.day("client", "add", name, "--dialect", "patronapi", "--district", "demo", *listed)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dialect", "rest", "--district", "nobody", "--network", "::1"), "no district 'nobody'"),
        (("--dialect", "rest", "--district", "demo", "--network", "ten"), "--network ten: should be a network such as"),
        (("--dialect", "rest", "--district", "demo", "--network", "10.0.0.1/8"), "--network 10.0.0.1/8: should be"),
        (("--dialect", "patronapi", "--district", "demo", "--network", "0.0.0.0/0"), "everywhere is none"),
        (("--dialect", "patronapi", "--district", "demo", "--network", "::/0"), "everywhere is none"),
        (("--dialect", "ezproxy", "--district", "demo", "--network", "0.0.0.0/0"), "everywhere is none"),
        (
            ("--dialect", "libauth", "--dialect", "rest", "--district", "demo", "--network", "::/0"),
            "everywhere is none",
        ),
    ],
)
def test_a_client_that_cannot_be_is_refused(place: Place, options: tuple[str, ...], said: str) -> None:
    """An unknown district, a network that is none, and, where the address is all, one that is everywhere."""
    assert said in place.day("client", "add", "vendor", *options).refused()
    assert place.day("client", "list").out == ""


def test_a_name_that_is_none_is_refused(place: Place) -> None:
    """Names are for logs and counts: lower-case letters, digits and hyphens."""
    for name in ("Vendor", "a b", "x" * 64, ""):
        assert "a client's name is lower-case letters" in place.day("client", "add", name, *ALWAYS).refused()


def test_two_patron_api_clients_share_no_address(place: Place) -> None:
    """The address is all that tells them apart; a revoked client's is free again."""
    assert _patronapi(place, "ils", "10.1.0.0/16", "192.168.7.7").code == 0
    said = _patronapi(place, "other", "172.16.0.0/12", "10.1.2.0/24").refused()
    assert said == "10.1.2.0/24 overlaps a network of 'ils', which speaks patronapi too"
    assert _patronapi(place, "next-door", "10.2.0.0/16").code == 0
    assert place.day("client", "revoke", "ils").code == 0
    assert _patronapi(place, "other", "10.1.2.0/24").code == 0


def test_what_the_software_of_a_client_needs_can_be_changed(place: Place) -> None:
    """Set when it is added or later, shown by the list as it is typed; what is no option or no value is refused."""
    assert place.day("client", "add", "vendor", *ALWAYS, "--set", "language=es").code == 0
    assert place.day("client", "list").out.endswith("\n  language=es\n")
    assert place.day("client", "set", "vendor", "language=en").out == "client vendor is changed\n"
    assert "language" not in place.day("client", "list").out
    for pair, said in (
        ("tongue=en", "tongue: no such option"),
        ("language=xx", "language: "),
        ("language.x=1", "no such"),
    ):
        assert said in place.day("client", "set", "vendor", pair).refused()
    assert "no client 'nobody'; there are: vendor" in place.day("client", "set", "nobody", "language=en").refused()


def test_a_client_can_move(place: Place) -> None:
    """What is given takes the place of that list, what is not stays; on record as it was and as it is."""
    assert place.day("client", "add", "vendor", *ALWAYS, "--set", "libauth_json=true").code == 0
    for changes, said in (
        (
            ("--network", "10.1.0.0/16", "--network", "::1"),
            "speaks rest about demo from 10.1.0.0/16 ::1/128; is told",
        ),
        (("--release", "name"), "speaks rest about demo from 10.1.0.0/16 ::1/128; is told name\n  libauth_json=true\n"),
        (("--dialect", "koha"), "speaks koha about demo from 10.1.0.0/16 ::1/128; is told name\n"),
    ):
        assert place.day("client", "change", "vendor", *changes) == Ended(0, "client vendor is changed\n", "")
        assert f"vendor: {said}" in place.day("client", "list").out
    (entry,) = place.day("audit", "list", "--last", "1", "--json").json["entries"]
    assert (entry["action"], entry["subject"]) == ("client_change", "client vendor")
    assert (entry["before"]["dialects"], entry["after"]["dialects"]) == (["rest"], ["koha"])


def test_a_client_cannot_move_where_it_could_not_be_added(place: Place) -> None:
    """Another's address, everywhere, a district that is none, nothing at all: a line, and nothing is changed."""
    for name, network in (("ils", "10.1.0.0/16"), ("far", "10.2.0.0/16")):
        assert _patronapi(place, name, network).code == 0
    before = place.day("client", "list").out
    for changes, said in (
        (("--network", "10.1.2.3"), "10.1.2.3/32 overlaps a network of 'ils', which speaks patronapi too"),
        (("--network", "::/0"), "everywhere is none"),
        (("--network", "10.2.0.1/8"), "--network 10.2.0.1/8: should be"),
        (("--district", "moon"), "no district 'moon'"),
        ((), "nothing to change: give --dialect"),
    ):
        assert said in place.day("client", "change", "far", *changes).refused()
    assert "no client 'nobody'" in place.day("client", "change", "nobody", "--network", "::1").refused()
    assert place.day("client", "list").out == before


def test_a_client_gets_another_key(place: Place) -> None:
    """Shown this once, on record without it; one that gains a dialect with a key is told to, one without needs none."""
    assert _patronapi(place, "vendor", "127.0.0.1").code == 0
    said = "vendor speaks patronapi, where its address is all it shows"
    assert place.day("client", "new-key", "vendor").refused() == said
    gained = place.day("client", "change", "vendor", "--dialect", "sip2", "--dialect", "patronapi")
    assert gained.err == "it has no key, and needs one in sip2: run `access-service client new-key vendor`\n"
    made = place.day("client", "new-key", "vendor").out
    assert made.startswith("client vendor has another key, shown only now: ")
    key = made.split()[-1]
    assert len(key) >= 43 and key.encode() not in (place.folder / "access.db").read_bytes()
    on_record = place.day("audit", "list", "--last", "1").out
    assert "client_key" in on_record and key not in on_record
    assert place.day("client", "change", "vendor", "--dialect", "rest") == Ended(0, "client vendor is changed\n", "")


# -- one district with a story for each number --------------------------------------------------------------------

EVERYBODY = [
    pupil.moved(given=GIVEN, family=FAMILY, **changes)
    for pupil, changes in zip(
        pupils(12),
        [
            {"born": "2017-03-31"},  # 1: stays
            {},  # 2: will be missing from the last roster
            {"status": ""},  # 3: will leave
            {"born": ""},  # 4: has no birth date
            {},  # 5: another has the number in the other district
            {},  # 6: another district makes the same library number
            {"school": "999"},  # 7
            {"grade": "PS"},  # 8
            {"number": "123456789"},  # 9
            {"grade": "?"},  # 10
            {},  # 11: loses the number to a collision tonight
            {"number": "S-31.", "school": "999"},  # 12
        ],
        strict=True,
    )
]


def _tell(nights: Nights) -> None:
    """Three nights of the district, one of each other; the last of all an hour ago."""
    nights.now = NOW - timedelta(days=900)
    nights.night([pupils(1, first=71)[0].moved(given=GIVEN, family=FAMILY)], code="old")
    nights.now = NOW - timedelta(days=4, hours=1)
    nights.night(EVERYBODY)
    nights.night([EVERYBODY[0], *EVERYBODY[3:]])
    nights.night([EVERYBODY[0], EVERYBODY[1].moved(family="Was-Here"), *EVERYBODY[3:]])
    claimant = pupils(1, first=60)[0].moved(number=EVERYBODY[10].number, given=GIVEN)
    nights.night([EVERYBODY[0], *EVERYBODY[3:], claimant])
    nights.now -= timedelta(days=1)
    nights.night([pupil.moved(given=GIVEN) for pupil in pupils(1, first=5)], code="river")
    nights.now -= timedelta(days=1)
    nights.night([pupil.moved(given=GIVEN, source_id="t-6") for pupil in pupils(1, first=6)], code="twin")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, commands: Commands, empty: Path) -> Place:
    """Four districts after some nights."""
    made = Place.on_sqlite(tmp_path_factory.mktemp("told"), commands, empty)
    made.edit("2024-07-01", "2000-07-01")
    made.edit("2034-06-30", "2099-06-30")
    made.edit("absence_rosters = 3\nabsence_days = 7", "absence_rosters = 2\nabsence_days = 1")
    made.edit("breaks = [{ first = 2026-12-21, last = 2027-01-03 }]", "")
    text = (made.config / "districts/demo.toml").read_text(encoding="utf-8")
    for code, prefix in (("river", "31"), ("twin", "29"), ("old", "33")):
        other = text.replace('code = "demo"', f'code = "{code}"').replace('"29', f'"{prefix}')
        (made.config / f"districts/{code}.toml").write_text(other, encoding="utf-8")
    with made.nights() as nights:
        _tell(nights)
    made.day("client", "add", "vendor", *ALWAYS, "--release", "student_number", "--release", "branch")
    made.day("client", "add", "both", *ALWAYS, "--district", "river")
    return made


STORIES: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "active": (
        "1",
        "active",
        (
            "read as library number 1 of demo",
            "student number 0000001 of demo",
            "found by its student number: patron 2 of demo, school 101, grade 03",
            "has this student",
            "library number 290000001 (template 29{student_number}), student 0000001",
            "branch MAPLE because of school 101",
            "patron type STU-ELEM, profile starter because of grade 03",
            "PIN issued by the rule MMDD",
            "client vendor is told: active",
        ),
        "with the right PIN this card works",
    ),
    "by its library number": ("29 0000001", "active", ("found by its library number", "patron 2 of demo"), "nothing"),
    "absent": (
        "2",
        "absent",
        ("does not have this student, who is still served", "client vendor is told: active"),
        "nothing today: the card works",
    ),
    "left": (
        "3",
        "left",
        ("does not have this student, who left on", "client vendor is told: expired", "last change: leave by run"),
        "ask the district to put them in the roster",
    ),
    "expired": (
        "71",
        "expired",
        ("patron", "of old", "client vendor is told: unknown, for it does not serve this district"),
        "the next roster with this student renews the card",
    ),
    "without a PIN": ("4", "active", ("no PIN was issued",), "until then no PIN works"),
    "ambiguous": (
        "5",
        "ambiguous",
        ("could be patron 6 of demo, school 101", "could be patron", "of river"),
        "ask for the whole library number, or which school it is",
    ),
    "not ambiguous by its library number": ("310000005", "active", ("of river",), "nothing"),
    "contested": ("6", "ambiguous", ("contested: rows of two districts",), "which of the two students has the number"),
    "a school that is not served": (
        "7",
        "unknown",
        ("the last roster of demo has it and gave it no card: unknown_school (school 999, grade 03)",),
        "add the school to [rules.schools]",
    ),
    "a grade that is not served": ("8", "unknown", ("gave it no card: grade_not_served",), "add the grade to"),
    "a number that is none": (
        "123456789",
        "unknown",
        ("gave it no card: number_pattern",),
        "mend [rules.student_number]",
    ),
    "a grade nobody knows": ("10", "unknown", ("unknown_grade (school 101, grade not understood)",), "what this grade"),
    "a collision": (
        "11",
        "left",
        ("has this student and gives no card: number_collision", "the card ended on"),
        "which of the two students has the number",
    ),
    "a cell that had to be cleaned": ("0000031", "unknown", ("gave it no card: unknown_school",), "add the school"),
    "unknown": ("4444", "unknown", ("not in demo, whose last roster was read", "not in twin"), ""),
    "no number at all": ("***", "unknown", ("read as nothing: this is no number",), ""),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_number_is_explained_from_typing_to_telling(told: Place, story: str) -> None:
    """How it was read, whom it found, what roster and rules said, what clients are told, what to do; and no name."""
    typed, standing, said, next_step = STORIES[story]
    found = told.day("explain", typed, "--json").json
    text = "\n".join(found["lines"])
    assert found["standing"] == standing
    assert [part for part in said if part not in text] == []
    assert next_step in found["next_step"]
    plain = told.day("explain", typed)
    lines = [line for line in plain.out.splitlines() if not line.startswith("field ")]
    assert (plain.code, lines, plain.err) == (
        0,
        [*text.splitlines(), f"standing: {standing}", f"next: {found['next_step']}"],
        "",
    )
    assert len(plain.out.splitlines()) - len(lines) == len(found["fields"])
    assert not [secret for secret in (GIVEN, FAMILY, "0331", "2017", "0404") if secret in plain.out]


def test_wrong_pins_are_counted_in_the_explanation(told: Place) -> None:
    """After five of them, staff sees that the client is locked, and for how long; the PINs are not shown."""
    for n in range(5):
        told.day("lookup", "12", "--client", "vendor", "--with-pin", typed=f"977{n}\n")
        told.day("lookup", "1", "--client", "vendor", "--with-pin", typed=f"977{n}\n")
    found = told.day("explain", "1").out
    assert "client vendor is told: active; 5 wrong PINs, locked for " in found
    assert "977" not in found


def test_a_lookup_answers_as_the_json_dialect_would(told: Place) -> None:
    """With what the client was released, and only that; without a PIN as with the right, a wrong and no PIN."""
    card = told.day("lookup", "4", "--client", "vendor")
    assert (card.code, card.err) == (0, "")
    assert card.out == (
        '{\n  "standing": "active",\n  "patron": {\n    "student_number": "0000004",\n    "branch": "MAPLE"\n  }\n}\n'
    )
    for typed, pin, authenticated in (("0331", "ok", True), ("0404", "wrong", False), ("", "missing", False)):
        answer = told.day("lookup", "290000001", "--client", "both", "--with-pin", typed=f"{typed}\n")
        assert (answer.code, answer.err) == (0, "")
        assert f'"pin": "{pin}"' in answer.out and f'"authenticated": {str(authenticated).lower()}' in answer.out
        assert (typed or "MAPLE") not in answer.out and ("MAPLE" in answer.out) is authenticated
    assert '"standing": "unknown"' in told.day("lookup", "5", "--client", "both").out
    assert '"standing": "unknown"' in told.day("lookup", "nonsense", "--client", "both").out


def test_a_lookup_for_no_client_is_refused(told: Place) -> None:
    """The line names the clients there are."""
    assert told.day("lookup", "1", "--client", "nobody").refused() == "no client 'nobody'; there are: both, vendor"


def test_an_explanation_needs_no_night(place: Place) -> None:
    """Before the first roster a number is unknown, and the explanation says that there was none."""
    found = place.day("explain", "1", "--json").json
    assert found["standing"] == "unknown"
    assert "not in demo: no roster of it was ever applied" in found["lines"]


def test_a_bug_is_told_by_class_and_place_alone(place: Place) -> None:
    """A row that cannot be makes the program fail: exit code 3, one line, and nothing of the row in it."""
    with place.nights() as nights, nights.databases.writer.begin() as connection:
        row = {"key": "4711", "kind": "impossible", "district": "demo", "patron_id": 1}
        connection.execute(insert(identifiers).values(**row))
    ended = place.day("explain", "4711")
    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert ended.err.startswith("bug: ValueError at enum:") and ended.err.endswith("; please report this line\n")
    assert "4711" not in ended.err and "impossible" not in ended.err


def test_a_patron_whose_numbers_are_lost_is_unknown(told: Place) -> None:
    """Identifiers are what a lookup goes by: without one, the number leads nowhere, and nothing fails."""
    with told.nights() as nights, nights.databases.writer.begin() as connection:
        connection.execute(delete(identifiers).where(identifiers.c.district == "old"))
    assert told.day("explain", "71", "--json").json["standing"] == "unknown"
