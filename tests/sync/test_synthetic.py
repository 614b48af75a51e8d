import csv
import io
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.student import canonical_grade
from sync.synthetic.district import GRADES, SyntheticDistrict, adults, students
from sync.synthetic.names import ODD_FAMILY, ODD_GIVEN
from sync.synthetic.oneroster import Version, write_oneroster

TODAY = date(2026, 11, 22)
DEMO = SyntheticDistrict(TODAY)
REAL = Path(__file__).parents[3] / "shared" / "rosters" / "oneroster" / "oneroster-district-medium.zip"

# As the text of OneRoster 1.2.1 has them.
HEADERS_1_2 = {
    "users.csv": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,"
    "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
    "roles.csv": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
    "userProfileSourcedId",
}

districts = st.builds(
    SyntheticDistrict,
    today=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    size=st.integers(1, 300),
    seed=st.integers(0, 10**9),
    night=st.integers(0, 1000),
)


@given(districts)
def test_a_night_is_the_same_each_time_it_is_made(district: SyntheticDistrict) -> None:
    """Nothing but size, seed, night and date decides who is in a roster."""
    assert list(students(district)) == list(students(replace(district)))


@given(districts)
def test_everybody_has_an_id_and_a_number_of_their_own(district: SyntheticDistrict) -> None:
    """Student numbers are seven digits and, like ids, nobody else's; teachers and guardians do not get in the way."""
    pupils, others = list(students(district)), list(adults(district))
    assert len(pupils) == district.size == len({pupil.number for pupil in pupils})
    assert all(len(pupil.number) == 7 and pupil.number.isdecimal() for pupil in pupils)
    assert len({person.source_id for person in pupils + others}) == len(pupils) + len(others)


@given(districts)
def test_who_stays_is_known_by_the_same_id_and_number(district: SyntheticDistrict) -> None:
    """From one night to the next, id, number, given name and birth date stay together."""
    tonight = {pupil.source_id: pupil for pupil in students(district)}
    for pupil in students(replace(district, night=district.night + 1)):
        before = tonight.get(pupil.source_id, pupil)
        assert (before.number, before.given_name, before.birth_date) == (
            pupil.number,
            pupil.given_name,
            pupil.birth_date,
        )


def test_each_night_some_leave_come_move_and_change_their_name() -> None:
    """0.3 % leave and as many are new, 0.5 % move, and 0.1 % have another family name."""
    district = SyntheticDistrict(TODAY, size=20_000, night=7)
    before = {pupil.source_id: pupil for pupil in students(district)}
    after = {pupil.source_id: pupil for pupil in students(replace(district, night=8))}
    both = before.keys() & after.keys()
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == pytest.approx(60, abs=2)
    assert sum(before[who].school != after[who].school for who in both) == pytest.approx(100, abs=2)
    assert sum(before[who].family_name != after[who].family_name for who in both) == pytest.approx(20, abs=5)


@given(districts)
def test_birth_dates_fit_the_grade(district: SyntheticDistrict) -> None:
    """On 1 September of the school year a kindergartner is five, and each grade a year older."""
    september = date(district.first_year, 9, 1)
    for pupil in students(district):
        if pupil.birth_date:
            born = date.fromisoformat(pupil.birth_date)
            age = september.year - born.year - ((born.month, born.day) > (9, 1))
            assert age == 5 + GRADES.index(pupil.grade)


def test_a_new_school_year_moves_everybody_up() -> None:
    """In July grade 12 is gone, kindergarten is new, and all others are the same people a grade higher."""
    june = {p.source_id: p for p in students(SyntheticDistrict(date(2027, 6, 30)))}
    july = {p.source_id: p for p in students(SyntheticDistrict(date(2027, 7, 1)))}
    assert {june[who].grade for who in june.keys() - july.keys()} == {"12"}
    assert {july[who].grade for who in july.keys() - june.keys()} == {"KG"}
    for who in june.keys() & july.keys():
        assert GRADES.index(july[who].grade) == GRADES.index(june[who].grade) + 1
        assert july[who][2:6] == june[who][2:6]


def test_the_demo_district_has_the_schools_of_its_configuration() -> None:
    """2,000 students sit in four schools, each with its own grades."""
    assert DEMO.schools == ("101", "102", "201", "301")
    taught: dict[str, set[str]] = {code: set() for code in DEMO.schools}
    for pupil in students(DEMO):
        taught[pupil.school].add(pupil.grade)
    assert taught["101"] == taught["102"] == set(GRADES[:6])
    assert taught["201"] == {"06", "07", "08"}
    assert taught["301"] == {"09", "10", "11", "12"}
    assert all(canonical_grade(grade) == grade for grade in GRADES)


def test_a_larger_district_has_more_schools() -> None:
    """About 700 students a school, the four of the demo first and no code twice."""
    district = SyntheticDistrict(TODAY, size=1_000_000)
    assert district.schools[:4] == DEMO.schools
    assert len(set(district.schools)) == len(district.schools) == pytest.approx(1_000_000 / 700, rel=0.01)


def test_the_demo_district_has_the_people_that_break_readers() -> None:
    """Names that look like nothing or come in other scripts, twins, namesakes, lost zeros and blank birth dates."""
    pupils = list(students(DEMO))
    assert {pupil.family_name for pupil in pupils} >= {*ODD_FAMILY, "Null", "NA", "None"}
    assert {pupil.given_name for pupil in pupils} >= set(ODD_GIVEN)
    siblings = Counter((pupil.family_name, pupil.birth_date, pupil.school) for pupil in pupils if pupil.birth_date)
    assert max(siblings.values()) >= 2
    assert max(Counter((pupil.given_name, pupil.family_name) for pupil in pupils).values()) >= 2
    assert sum(pupil.number.startswith("0") for pupil in pupils) > 100
    assert 1 <= sum(not pupil.birth_date for pupil in pupils) <= 10


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 10_000_001}, {"night": -1}])
def test_an_impossible_district_is_refused(wrong: dict[str, int]) -> None:
    """Seven digits number ten million students at most, and there is no night before the first."""
    with pytest.raises(ValueError, match=r"should be|the first is 0"):
        SyntheticDistrict(TODAY, **wrong)


def _rows(package: Path) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(package) as files:
        texts = {name: files.read(name).decode() for name in files.namelist()}
    return {name: list(csv.DictReader(io.StringIO(text, newline=""), strict=True)) for name, text in texts.items()}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_same_night_is_the_same_bytes(version: Version, tmp_path: Path) -> None:
    """A package can be made again; another date makes other bytes of the same students."""
    for name, today in (("a", TODAY), ("b", TODAY), ("later", date(2026, 11, 23))):
        write_oneroster(tmp_path / f"{name}.zip", replace(DEMO, today=today), version)
    first, again, later = ((tmp_path / f"{name}.zip").read_bytes() for name in ("a", "b", "later"))
    assert first == again != later
    assert _rows(tmp_path / "a.zip")["users.csv"] == _rows(tmp_path / "later.zip")["users.csv"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_folder_holds_what_a_zip_holds(version: Version, tmp_path: Path) -> None:
    """Loose files and a package are the same files."""
    write_oneroster(tmp_path / "loose", DEMO, version)
    write_oneroster(tmp_path / "roster.zip", DEMO, version)
    with zipfile.ZipFile(tmp_path / "roster.zip") as package:
        packed = {name: package.read(name) for name in package.namelist()}
    assert packed == {file.name: file.read_bytes() for file in (tmp_path / "loose").iterdir()}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_package_says_what_the_district_is(version: Version, tmp_path: Path) -> None:
    """Every row has the width of its header, every reference leads somewhere, and names survive the CSV."""
    write_oneroster(tmp_path / "roster.zip", DEMO, version)
    files = _rows(tmp_path / "roster.zip")
    assert all(None not in row and None not in row.values() for rows in files.values() for row in rows)
    users = {row["sourcedId"]: row for row in files["users.csv"]}
    pupils = {pupil.source_id: pupil for pupil in students(DEMO)}
    roles = files["roles.csv"] if version == "1.2" else files["users.csv"]
    key, place = ("userSourcedId", "orgSourcedId") if version == "1.2" else ("sourcedId", "orgSourcedIds")
    assert Counter(row["role"] for row in roles) == {"student": 2000, "teacher": 100, "guardian": 100}
    assert {row[key] for row in roles} == users.keys()
    codes = {row["sourcedId"]: row["identifier"] for row in files["orgs.csv"]}
    for row in roles:
        if pupil := pupils.get(row[key]):
            user = users[row[key]]
            assert codes[row[place]] == pupil.school
            assert (user["givenName"], user["familyName"]) == (pupil.given_name, pupil.family_name)
            assert (user["identifier"], user["grades"]) == (pupil.number, pupil.grade)
    born = {row["sourcedId"]: row["birthDate"] for row in files["demographics.csv"]}
    assert born == {who: pupil.birth_date for who, pupil in pupils.items()}
    manifest = {row["propertyName"]: row["value"] for row in files["manifest.csv"]}
    assert manifest["oneroster.version"] == version
    bulk = {f"{name.removeprefix('file.')}.csv" for name, value in manifest.items() if value == "bulk"}
    assert bulk == files.keys() - {"manifest.csv"}


def test_headers_of_1_2_are_the_standards(tmp_path: Path) -> None:
    """users.csv has neither role nor orgSourcedIds, roles.csv does, both in the order of the standard."""
    write_oneroster(tmp_path, DEMO, "1.2")
    for name, header in HEADERS_1_2.items():
        assert (tmp_path / name).read_text().splitlines()[0] == header


@pytest.mark.skipif(not REAL.exists(), reason=f"no {REAL}")
def test_headers_of_1_1_are_those_of_a_real_package(tmp_path: Path) -> None:
    """Ours and one that nobody here wrote begin with the same lines."""
    write_oneroster(tmp_path, DEMO, "1.1")
    with zipfile.ZipFile(REAL) as package:
        for file in tmp_path.iterdir():
            with package.open(file.name) as real:
                assert real.readline().decode("utf-8-sig").strip() == file.read_text().splitlines()[0]
