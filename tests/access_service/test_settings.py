"""What an installation configures, and the one line that says what is wrong with it."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.pins import PinKind
from access_service.errors import ConfigError
from access_service.pin_vault import PinVault
from access_service.settings import Settings, load, secret

SHIPPED = Path(__file__).parents[2] / "config"
DEMO, SERVICE = "districts/demo.toml", "service.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder of one's own, as shipped."""
    return shutil.copytree(SHIPPED, tmp_path / "config")


def edit(folder: Path, old: str, new: str, file: str = DEMO) -> Path:
    """Change one place of a file, as a person would."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def refusal(folder: Path) -> str:
    """The one line with which the folder is refused."""
    with pytest.raises(ConfigError) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said and len(said) < 450
    return said


def test_the_shipped_configuration_loads(folder: Path) -> None:
    """What is in the repository works as it stands."""
    settings = load(folder)
    demo = settings.district("demo")
    assert settings.service.database.url == f"sqlite:///{folder.absolute().parent}/var/access.db"
    assert (settings.service.http.host, settings.service.http.port) == ("127.0.0.1", 8080)
    assert demo.rules.pin.rule is PinKind.MMDD
    assert demo.rules.schools["101"] == "MAPLE"
    assert demo.calendar.breaks[0].first == date(2026, 12, 21)
    assert demo.zone.key == "America/New_York"
    assert "birth_date" in demo.agreement.fields


def test_the_annotated_example_is_checked_and_no_district(folder: Path) -> None:
    """example.toml shows every key; it must hold like the others, and nobody's roster is fetched for it."""
    example = folder / "districts" / "example.toml"
    if not example.exists():
        pytest.skip("config/districts/example.toml is not there yet")
    assert "example" not in load(folder).districts
    edit(folder, "[limits]", "[limitss]", "districts/example.toml")
    assert "example.toml" in refusal(folder)


# What a person types wrong -> what the line must say besides the file: the key, and what it should be.
WRONG: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "a missing key": (DEMO, 'timezone = "America/New_York"\n', "", ("district.timezone", "is missing")),
    "a missing table": (DEMO, "[agreement]", "[agreements]", ("agreement", "is missing")),
    "a number that is text": (DEMO, "pad_to = 7", 'pad_to = "many"', ("rules.student_number.pad_to", "valid integer")),
    "a text that is a number": (DEMO, 'code = "demo"', "code = 7", ("district.code", "valid string")),
    "a date that is text": (DEMO, "ends = 2034-06-30", 'ends = "never"', ("agreement.ends", "valid date")),
    "an unknown key": (DEMO, "settle_seconds", "settle_second", ("feed.settle_second", "unknown key")),
    "an unknown key of the rules": (DEMO, "pad_to", "padto", ("rules.student_number.padto", "unknown key")),
    "an unknown table": (DEMO, "[calendar]", "[calender]", ("calender", "unknown key")),
    "a pattern that is none": (DEMO, r"'\d{7}'", "'[0-9'", ("rules.student_number", "not a regular expression")),
    "a time zone that is none": (DEMO, "America/New_York", "Maple/County", ("district.timezone", "IANA time zone")),
    "a path as time zone": (DEMO, "America/New_York", "../../etc/passwd", ("district.timezone", "IANA time zone")),
    "a template without number": (
        DEMO,
        "29{student_number}",
        "29",
        ("library_number", "{student_number} exactly once"),
    ),
    "an unknown grade": (DEMO, '"KG", "01"', '"K9", "01"', ("rules", "no such grade 'K9'", "KG 01 02")),
    "a grade in two bands": (DEMO, '"06", "07"', '"05", "07"', ("rules", "'05' is in two bands")),
    "a rule for PINs that is none": (DEMO, 'rule = "MMDD"', 'rule = "DDMM"', ("rules.pin.rule", "'MMDD', 'MMYYYY'")),
    "a day that is none": (DEMO, '"06-30"', '"June 30"', ("rules.expiry", 'such as "06-30"')),
    "a break that ends first": (DEMO, "2027-01-03", "2026-01-03", ("calendar.breaks.0", "ends before it begins")),
    "an agreement without birth dates": (DEMO, ', "birth_date"]', "]", ("[agreement] fields", "'birth_date'")),
    "an agreement without schools": (DEMO, '"school", ', "", ("[agreement] fields", "'school'")),
    "an agreement of something else": (DEMO, '"birth_date"]', '"shoe_size"]', ("agreement.fields", "'birth_date'")),
    "an agreement that ends first": (DEMO, "ends = 2034", "ends = 2014", ("agreement", "ends before it starts")),
    "a PIN column that is not named": (
        DEMO,
        'rule = "MMDD"',
        'rule = "column"',
        ("[agreement] fields", "the rules need 'pin'"),
    ),
    "a host key of another kind": (DEMO, "SHA256:", "MD5:", ("feed.host_keys.0", "SHA256:")),
    "a code that is not the file's": (DEMO, 'code = "demo"', 'code = "maple"', ("'maple'", "should be maple.toml")),
    "a code that is no code": (DEMO, 'code = "demo"', 'code = "Maple County"', ("district.code", "match pattern")),
    "what is not TOML": (DEMO, "[district]", "[district", ("not TOML", "line 3")),
    "a limit over all": (
        DEMO,
        "[calendar]",
        "[limits]\nremovals_percent = 101\n[calendar]",
        ("limits.removals_percent",),
    ),
    "a port that is none": (SERVICE, "port = 8080", "port = 80800", ("http.port", "65535")),
    "workers that are none": (SERVICE, "workers = 2", "workers = 0", ("http.workers", "greater than or equal to 1")),
    "a table that is a number": (SERVICE, "[database]", "database = 3\n[data]", ("database",)),
    "an unknown key of the service": (SERVICE, "proxies = 0", "proxys = 0", ("http.proxys", "unknown key")),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_configuration_is_one_line_with_file_key_and_remedy(folder: Path, what: str) -> None:
    """Every kind of mistake names the file, the key, and what it should be."""
    file, old, new, expected = WRONG[what]
    path = edit(folder, old, new, file)
    said = refusal(folder)
    assert said.startswith(f"{path}: "), said
    assert all(part in said for part in expected), said


def test_a_district_without_examples_is_refused(folder: Path) -> None:
    """Rules that no example holds to are not run."""
    path = folder / DEMO
    path.write_text(path.read_text(encoding="utf-8").split("[[examples]]")[0], encoding="utf-8")
    assert f"{path}: examples: is missing" in refusal(folder)


def test_a_pin_column_must_be_named(folder: Path) -> None:
    """Where the PIN is a column of the roster, the feed has to say which, or nobody would have a PIN."""
    edit(folder, 'rule = "MMDD"', 'rule = "column"')
    edit(folder, '"birth_date"]', '"pin"]')
    assert "[feed] columns" in refusal(folder) and "'pin'" in refusal(folder)
    edit(folder, "settle_seconds = 1\n", 'settle_seconds = 1\ncolumns = { pin = "Library PIN" }\n')
    assert load(folder).district("demo").feed.columns == {"pin": "Library PIN"}


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ('columns = { pin = "Password" }', "columns.pin: 'Password' is never read, whatever it holds"),
        ('columns = { student_number = "SSN" }', "columns.student_number: 'SSN' is never read"),
        ('columns = { grade = "STUDENTS.Ethnicity" }', "columns.grade: 'STUDENTS.Ethnicity' is never read"),
        ('header = false\ncolumns = { grade = "Grade" }', "columns.grade: without a header it should be a position"),
        ('header = false\ncolumns = { grade = "0" }', "columns.grade: without a header it should be a position"),
        ('values = { grade = { "-1" = "T" } }', "values.grade: 'T' is no grade"),
        ('values = { status = { "X" = "gone" } }', 'values.status: \'gone\' should be "active" or "inactive"'),
        ('values = { pin = { "X" = "1" } }', "feed.values.pin"),
        ('columns = { race = "Race" }', "feed.columns.race"),
    ],
)
def test_what_a_feed_may_not_say(folder: Path, feed: str, said: str) -> None:
    """A column that is never read, a name in place of a position, a meaning that is none: one line names the key."""
    edit(folder, "settle_seconds = 1\n", f"settle_seconds = 1\n{feed}\n")
    assert said in refusal(folder)


def test_all_mistakes_are_counted_and_the_first_is_told(folder: Path) -> None:
    """One line, however much is wrong, and it says that there is more."""
    edit(folder, "pad_to = 7", 'pad_to = "many"')
    edit(folder, "absence_days = 7", 'absence_days = "few"')
    said = refusal(folder)
    assert "pad_to" in said and said.endswith("(and 1 more)")


def test_a_folder_or_file_that_is_not_there_is_named(folder: Path) -> None:
    """No folder, or none with a service.toml."""
    with pytest.raises(ConfigError, match="nowhere: no such folder; name it with --config or ACCESS_CONFIG"):
        load(folder / "nowhere")
    (folder / SERVICE).unlink()
    assert "service.toml: No such file" in refusal(folder)


def test_bytes_that_are_no_text_are_not_toml(folder: Path) -> None:
    """A file saved as UTF-16 is refused in one line."""
    path = folder / DEMO
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert refusal(folder).startswith(f"{path}: not TOML")


def test_no_district_is_a_configuration_too(folder: Path) -> None:
    """An installation begins without districts, and a wrong code says which there are."""
    with pytest.raises(ConfigError, match="no district 'maple'; config/districts has: demo"):
        load(folder).district("maple")
    (folder / DEMO).unlink()
    with pytest.raises(ConfigError, match="no district 'demo'; config/districts has: none"):
        load(folder).district("demo")


def test_the_environment_comes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL and HTTP_PORT override their keys and leave the others."""
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://access@db/access")
    monkeypatch.setenv("HTTP_PORT", "9090")
    service = load(folder).service
    assert (service.database.url, service.http.port) == ("postgresql+psycopg://access@db/access", 9090)
    assert (service.http.host, service.http.workers) == ("127.0.0.1", 2)


def test_a_wrong_variable_is_not_blamed_on_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad HTTP_PORT names the variables, because in service.toml there is nothing to mend."""
    monkeypatch.setenv("HTTP_PORT", "eighty")
    said = refusal(folder)
    assert "HTTP_PORT" in said and "http.port" in said and "service.toml" not in said


def test_settings_cannot_be_changed(folder: Path) -> None:
    """What was read stays as it was read."""
    settings: Any = load(folder)
    with pytest.raises(ValueError, match="frozen"):
        settings.service.http.port = 1


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable itself comes first, then the file that NAME_FILE names, without its line ends."""
    kept = tmp_path / "kept"
    kept.write_text("from the file\n")
    monkeypatch.setenv("A_SECRET_FILE", str(kept))
    assert secret("A_SECRET") == "from the file"
    monkeypatch.setenv("A_SECRET", "from the variable")
    assert secret("A_SECRET") == "from the variable"


def test_a_secret_that_cannot_be_had_says_how_to_give_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, a file that is not there, a folder, an empty file, and bytes that are no text."""
    with pytest.raises(ConfigError, match="set A_SECRET, or A_SECRET_FILE to a file that holds it"):
        secret("A_SECRET")
    monkeypatch.setenv("A_SECRET", "")
    with pytest.raises(ConfigError, match="set A_SECRET, or A_SECRET_FILE"):
        secret("A_SECRET")
    path = tmp_path / "kept"
    monkeypatch.setenv("A_SECRET_FILE", str(path))
    with pytest.raises(ConfigError, match=f"A_SECRET_FILE: cannot read {path}: FileNotFoundError"):
        secret("A_SECRET")
    path.write_text(" \n")
    with pytest.raises(ConfigError, match=f"A_SECRET_FILE: {path} is empty"):
        secret("A_SECRET")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"cannot read .*UnicodeDecodeError"):
        secret("A_SECRET")
    monkeypatch.setenv("A_SECRET_FILE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"cannot read .*IsADirectoryError"):
        secret("A_SECRET")


CANARY = "c0ffee-canary-c0ffee"


@pytest.mark.parametrize("pepper", [CANARY, "c0ffee", "c0ffee" * 11 + "z", f"{'5e' * 32}\n{CANARY}"])
def test_no_error_repeats_a_secret(folder: Path, monkeypatch: pytest.MonkeyPatch, pepper: str) -> None:
    """A pepper that is no pepper and a password in the wrong place are refused without being shown."""
    monkeypatch.setenv("ACCESS_PEPPER", pepper)
    with pytest.raises(ConfigError) as caught:
        PinVault.from_environment()
    assert "ACCESS_PEPPER" in str(caught.value) and "c0ffee" not in str(caught.value)
    edit(folder, 'user = "library"', f'user = "library"\npassword = "{CANARY}"')
    assert "feed.password" in refusal(folder) and "canary" not in refusal(folder)
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg://access:{CANARY}@db/access")
    monkeypatch.setenv("HTTP_PORT", f"80{CANARY}")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    # A traceback would show the cause too.
    assert "canary" not in f"{caught.value} {caught.value.__cause__}"


def test_settings_print_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets are read when they are needed and are no part of the settings."""
    monkeypatch.setenv("ACCESS_PEPPER", CANARY)
    assert isinstance(settings := load(folder), Settings)
    assert CANARY not in repr(settings)
