"""Several rows of one student: for each contact, school or enrolment."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.test_flat import CLEVER, only, read

ROW = "{school},{id},{number},{family},,Testa,{grade},F,{born},W,{contact}\n"
DEFAULT = {
    "school": "101",
    "id": "a",
    "number": "12345",
    "family": "Synthetica",
    "grade": "3",
    "born": "4/12/2017",
    "contact": "",
}


def rows(*changed: dict[str, str]) -> str:
    return CLEVER + "".join(ROW.format_map(DEFAULT | row) for row in changed)


def test_five_contacts_are_one_student(tmp_path: Path) -> None:
    """What differs is not used, so that nothing is wrong and nothing is said."""
    roster = read(tmp_path, rows(*({"contact": f"Contact {n}"} for n in range(5))))
    assert only(roster)["source_id"] == "a"
    assert (roster.rows, dict(roster.warnings), roster.rejects) == (5, {}, ())


def test_the_first_cell_that_is_not_blank_counts(tmp_path: Path) -> None:
    """A row may leave out what another one says."""
    found = only(read(tmp_path, rows({"grade": "", "born": "", "number": ""}, {"family": ""}, {"grade": "3"})))
    assert (found["grade"], found["birth_date"], found["student_number"]) == ("03", "2017-04-12", "12345")
    assert found["family_name"] == "Synthetica"


def test_rows_that_disagree_about_a_grade_are_a_warning(tmp_path: Path) -> None:
    """The first counts; it is no reason to take a card away."""
    roster = read(tmp_path, rows({"grade": "3"}, {"grade": "4"}, {"id": "b", "number": "2"}))
    assert list(roster.frame["grade"]) == ["03", "03"]
    assert dict(roster.warnings) == {"rows_disagree": 1}


def test_rows_that_disagree_about_who_it_is_are_rejected(tmp_path: Path) -> None:
    """Another number, name or birth date: all rows of that id are rejects, and of nobody else."""
    for other in ({"number": "99999"}, {"family": "Other"}, {"born": "1/2/2016"}):
        roster = read(tmp_path, rows({}, other, {"id": "b", "number": "2"}))
        assert list(roster.frame["source_id"]) == ["b"]
        assert [(reject.line, reject.code, reject.source_id) for reject in roster.rejects] == [
            (2, "id_duplicate", "a"),
            (3, "id_duplicate", "a"),
        ]
        assert dict(roster.warnings) == {}


def test_of_several_schools_the_one_that_is_served_counts(tmp_path: Path) -> None:
    """Else the first; a blank one is no school."""
    assert only(read(tmp_path, rows({"school": "999"}, {"school": "102"}, {"school": "101"})))["school"] == "102"
    assert only(read(tmp_path, rows({"school": ""}, {"school": "998"}, {"school": "999"})))["school"] == "998"


def test_who_left_one_school_for_another_has_not_left(tmp_path: Path) -> None:
    """A row that has ended counts only where no other goes on."""
    header = "SIS ID,School SIS ID,First Name,Last Name,Student Number,Grade,Status,Birthdate\n"
    moved = "1,101,T,S,12345,9,Inactive,4/2/2010\n1,102,T,S,12345,10,Active,4/2/2010\n"
    gone = "2,101,T,S,12346,9,Inactive,4/2/2010\n2,102,T,S,12346,9,Withdrawn,4/2/2010\n"
    roster = read(tmp_path, header + moved + gone)
    assert roster.frame[["source_id", "school", "grade", "exit"]].to_numpy().tolist() == [
        ["1", "102", "10", ""],
        ["2", "101", "09", "inactive"],
    ]
    assert dict(roster.warnings) == {}


def test_infinite_campus_counts_the_enrolment_not_the_services(tmp_path: Path) -> None:
    """P is the enrolment; whoever has a service alone stays, for absence is for the calendar to decide."""
    header = "personID,studentNumber,schoolNumber,grade,serviceType\n"
    roster = read(tmp_path, header + "1,12345,102,4,S\n1,12345,101,3,P\n2,12346,102,4,N\n")
    assert roster.frame[["source_id", "school", "grade"]].to_numpy().tolist() == [
        ["1", "101", "03"],
        ["2", "102", "04"],
    ]


def test_rows_without_an_id_are_no_siblings(tmp_path: Path) -> None:
    """Each is a reject of its own."""
    roster = read(tmp_path, rows({}, {}, {"id": ""}, {"id": ""}))
    assert (len(roster.frame), [reject.code for reject in roster.rejects]) == (1, ["id_missing", "id_missing"])


BLANKS = st.fixed_dictionaries({}, optional=dict.fromkeys(("grade", "born", "family", "number"), st.just("")))


@given(st.lists(st.tuples(st.sampled_from("abc"), BLANKS), min_size=1, max_size=12))
def test_blanks_in_rows_change_nobody(found: list[tuple[str, dict[str, str]]]) -> None:
    """Whichever cells the rows of a student leave out, one that says it all makes them the same student."""
    whole = [{"id": id_} for id_, _ in found]
    with tempfile.TemporaryDirectory() as folder:
        roster = read(Path(folder), rows(*(blanks | {"id": id_} for id_, blanks in found), *whole))
        expected = read(Path(folder), rows(*whole))
    assert roster.frame.to_numpy().tolist() == expected.frame.to_numpy().tolist()
    assert roster.rejects == ()
