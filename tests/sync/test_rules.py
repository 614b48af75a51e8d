"""Rules that remember: versions, their differences, and nights that wait for a person to accept them."""

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.access import Standing
from access_service.settings import District, load
from access_service.storage import rule_versions, runs
from access_service.storage.engine import Databases
from access_service.storage.rule_versions import RuleVersion
from access_service.storage.runs import Outcome, Run
from sync import holds, rules
from sync.guard import Finding
from sync.order import Job
from sync.rules import as_tables, difference, rules_of
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import package, pupils

EXAMPLE = Path("config/districts/example.toml").read_text(encoding="utf-8")
HARBOR = {"101": "HARBOR"}


def district(text: str = EXAMPLE) -> District:
    return District.model_validate(tomllib.loads(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('rule = "column"', 'rule = "MMDD"'),
        ('"12"]', '"12", "OTHER"]'),
        ("last = 2027-01-03", "last = 2027-01-04"),
        ('"America/Chicago"', '"America/Denver"'),
        ('"family_name", ', ""),
        ('"-1" = "TK"', '"-1" = "PK"'),
        ('"metadata.libraryPin"', '"metadata.pin"'),
        ('"0120" = "NORTH"', '"0120" = "SOUTH"'),
    ],
)
def test_what_decides_about_patrons_is_a_version(old: str, new: str) -> None:
    """One edit is one line of difference, which names its key."""
    before, now = rules_of(district()), rules_of(district(EXAMPLE.replace(old, new, 1)))
    assert before.version != now.version
    lines = difference(before.text, now.text)
    assert [line[0] for line in lines] == ["-", "+"] and difference(now.text, before.text) != lines


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signed_by = ", "signed_by = 'Somebody else' #"),
        ("ends = 2027-06-30", "ends = 2028-06-30"),
        ("host = ", "host = 'another' #"),
        ("removals_count = 50", "removals_count = 5000"),
        ("freeze = false", "freeze = true"),
        ("number_max_length = 20", ""),
        ("absence_rosters = 3", ""),
        ('"0110" = "MAIN"\n"0120" = "NORTH"', '"0120" = "NORTH"\n"0110" = "MAIN"'),
        ('"source_id", "student_number"', '"student_number", "source_id"'),
    ],
)
def test_what_changes_no_card_is_no_change_of_rules(old: str, new: str) -> None:
    """Nor is a default that is written out, as every key is that a later program adds."""
    assert old in EXAMPLE
    assert rules_of(district()) == rules_of(district(EXAMPLE.replace(old, new, 1)))


def test_a_text_can_be_put_back() -> None:
    """It is TOML, by lines and by tables, and makes the same rules again; nobody's host, key or name is in it."""
    text = rules_of(district()).text
    assert tomllib.loads(text) == tomllib.loads(as_tables(text))
    raw = tomllib.loads(EXAMPLE)
    put_back = tomllib.loads(as_tables(text))
    for table in ("agreement", "feed", "district"):
        put_back[table] = {**raw[table], **put_back[table]}
    assert rules_of(District.model_validate({"examples": raw["examples"], **put_back})).text == text
    for private in ("sftp.example", "SHA256", "Superintendent", "outgoing"):
        assert private not in text


def test_every_table_decides_or_is_set_apart() -> None:
    """Whoever adds a table to district files says in sync/rules.py whether it decides about patrons."""
    assert set(District.model_fields) == {*rules.DECIDING, *rules.APART}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def other_branch(nights: Nights, **schools: str) -> None:
    agreed = nights.districts["demo"]
    nights.districts["demo"] = agreed.model_copy(update={"examples": agreed.examples[-1:]})
    nights.configure(accept=False, rules={"schools": {**agreed.rules.schools, **HARBOR, **schools}})


def accepted(nights: Nights) -> list[RuleVersion]:
    with nights.databases.reader.connect() as connection:
        return rule_versions.versions(connection, "demo")


def run_of(nights: Nights, run_id: int | None) -> Run:
    with nights.databases.reader.connect() as connection:
        run = runs.get(connection, run_id or 0)
    assert run
    return run


def decider(nights: Nights) -> Job:
    return replace(nights.job(Path("nowhere")), file=None, started_by="a librarian")


def branches(nights: Nights) -> set[Any]:
    with nights.databases.reader.connect() as connection:
        return set(connection.exec_driver_sql("SELECT branch FROM patrons").scalars())


def test_the_first_night_accepts_its_rules_and_each_run_names_its_own(nights: Nights) -> None:
    """Once, and with who ran it; a first night that is held accepts nothing."""
    run = nights.night(pupils(20))
    nights.night(pupils(21))
    (first,) = accepted(nights)
    assert (first.run_id, first.accepted_by, first.reason) == (run.run_id, "a test", "the first night")
    assert (
        first.text == rules_of(nights.districts["demo"]).text and first.diff.count("\n+ ") == first.text.count("\n") - 1
    )
    assert run_of(nights, run.run_id).rules_version == first.version


def test_other_rules_hold_the_night_with_their_lines_and_plan(nights: Nights) -> None:
    """The same file too; a person who lets it go has accepted the rules, and the next night is clear."""
    file = nights.roster(pupils(20))
    nights.again(file)
    other_branch(nights)
    held = nights.again(file)
    assert (held.outcome, [reason.finding for reason in held.reasons]) == (Outcome.HELD, [Finding.RULES_CHANGED])
    assert held.reasons[0].text == "the rules are not those that were accepted on 2026-10-06: 1 line changed"
    lines = ['- rules.schools."101" = "MAPLE"', '+ rules.schools."101" = "HARBOR"']
    assert held.facts["rules_changed"] == lines and "\n".join(f"           {line}" for line in lines) in held.as_text()
    assert held.facts["counts"]["update"] == 20 and branches(nights) == {"MAPLE"}
    approved = holds.approve(decider(nights), held.run_id or 0, "they moved")
    assert approved.outcome is Outcome.APPLIED and branches(nights) == {"HARBOR"}
    _, second = accepted(nights)
    assert (second.run_id, second.accepted_by, second.reason) == (approved.run_id, "a librarian", "they moved")
    assert second.diff == "\n".join(lines)
    assert nights.night(pupils(21)).outcome is Outcome.APPLIED


def test_rules_that_were_accepted_before_need_nobody_at_night(nights: Nights) -> None:
    """The preview shows the lines until they are accepted."""
    nights.night(pupils(20))
    other_branch(nights)
    assert nights.preview(pupils(20)).outcome is Outcome.HELD
    nights.accept_rules()
    assert nights.preview(pupils(20)).reasons == ()
    assert nights.night(pupils(20)).outcome is Outcome.APPLIED
    assert [each.run_id for each in accepted(nights)] == [1, None]


def test_an_approval_is_for_the_rules_that_were_looked_at(nights: Nights) -> None:
    """An edit after the hold holds it again."""
    nights.night(pupils(20))
    other_branch(nights)
    held = nights.night(pupils(20))
    other_branch(nights, **{"102": "ELSEWHERE"})
    again = holds.approve(decider(nights), held.run_id or 0, "they moved")
    assert again.outcome is Outcome.HELD and branches(nights) == {"MAPLE"} and len(accepted(nights)) == 1
    assert holds.approve(decider(nights), again.run_id or 0, "and so did those").outcome is Outcome.APPLIED


def test_undo_takes_the_rules_of_its_night_back(nights: Nights) -> None:
    """They do not come again by themselves with the next file; to undo the undo is to accept them again."""
    nights.night(pupils(20))
    other_branch(nights)
    held = nights.night(pupils(20))
    approved = holds.approve(decider(nights), held.run_id or 0, "they moved")
    undone = nights.undo(approved.run_id)
    assert branches(nights) == {"MAPLE"} and accepted(nights)[1].undone_by == undone.run_id
    assert [reason.finding for reason in nights.preview(pupils(21)).reasons] == [Finding.RULES_CHANGED]
    nights.undo(undone.run_id)
    assert nights.preview(pupils(21)).reasons == ()


def test_a_new_pepper_and_the_pivot_are_no_change_of_rules(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row is worked out again, and nobody has to accept anything."""
    nights.night(pupils(20))
    nights.now = nights.now.replace(year=2027, month=7)
    assert nights.night(pupils(20)).facts["counts"]["renew"] == 20
    monkeypatch.setenv("ACCESS_PEPPER", f"{'6f' * 32} {'5e' * 32}")
    assert nights.preview(pupils(20)).reasons == ()
    assert nights.find("7").standing is Standing.ACTIVE


def test_the_calendar_is_rules_and_a_freeze_is_not(nights: Nights) -> None:
    """Who leaves when is agreed; in a tornado nobody has to accept anything first."""
    nights.night(pupils(20))
    nights.configure(accept=False, calendar={"freeze": True})
    assert nights.preview(pupils(21)).reasons == ()
    nights.configure(accept=False, calendar={"absence_days": 30})
    assert [reason.finding for reason in nights.preview(pupils(20)).reasons] == [Finding.RULES_CHANGED]


def test_rules_by_their_commands(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """From an edit to the night that uses it, and back, as a library's IT types it."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    assert "none yet" in place.sync("rules", "list", "demo").out
    assert "no night was run yet" in place.sync("rules", "show", "demo").out
    assert place.sync("run", "demo", "--file", package(tmp_path / "one.zip", pupils(20))).code == 0
    assert ": accepted\n" in place.sync("rules", "show", "demo").out
    assert "accepted ones already" in place.sync("rules", "accept", "demo", "--reason", "x").out
    first = place.sync("rules", "list", "demo", "--json").json["versions"][0]["version"]
    shutil.copytree(place.config, tmp_path / "draft")
    place.edit('"201" = "MAPLE"', '"201" = "HARBOR"')
    two = package(tmp_path / "two.zip", pupils(21))
    assert place.sync("--config", tmp_path / "draft", "preview", "demo", "--file", two).code == 0
    preview = place.sync("preview", "demo", "--file", two)
    assert preview.code == 2 and '+ rules.schools."201" = "HARBOR"' in preview.out
    shown = place.sync("rules", "show", "demo").out
    assert "# + rules.schools" in shown and tomllib.loads(shown)["rules"]["schools"]["201"] == "HARBOR"
    assert place.sync("rules", "accept", "demo").code == 2 - 1
    done = place.sync("rules", "accept", "demo", "--reason", "they moved")
    assert done.code == 0 and '- rules.schools."201" = "MAPLE"' in done.out
    newest = json.loads(place.day("audit", "list", "--last", "1", "--json").out)["entries"][0]
    assert (newest["action"], newest["reason"], newest["before"]["rules"]) == ("rules_accept", "they moved", first)
    assert place.sync("run", "demo", "--file", two).code == 0
    back = tomllib.loads(place.sync("rules", "show", "demo", first[:8]).out)
    assert back["rules"]["schools"]["201"] == "MAPLE"
    assert "rules list demo" in place.sync("rules", "show", "demo", "nosuch").refused()
    assert len(place.sync("rules", "list", "demo").out.splitlines()) == 2
