"""Columns that no library reads, however they are spelled; and those that only look like one."""

import pytest

from access_service.domain.sensitive import is_sensitive

SENSITIVE = (
    "password, Password, student_password, LDAPPassword, passwd, Pwd, Race, RaceCode, RACE_1, Ethnicity, "
    "ETHNICITYCODE, Federal Ethnicity, Hispanic_Latino, hispanicOrLatinoEthnicity, HISPANICLATINO, Sex, sex, "
    "STUDENTS.Sex, Gender, STUDENTS.Gender, Legal Gender, Disability_status, PrimaryDisability, IEP_status, "
    "IEPStatus, iep, 504, Section_504_status, Section504, Has504Plan, Ell_status, ELLSTATUS, EllStatus, LEP, ESL, "
    "English Learner, Frl_status, FRLSTATUS, FreeReducedLunch, Lunch Status, LunchStatus, LUNCH, Meal Code, "
    "Meal_Status, Gifted_status, SSN, Social Security Number, GPA, Weighted_gpa, Unweighted_GPA, Discipline, "
    "DisciplinaryActions, Suspensions, Medical_Alert, Health Notes, Religion, Birthplace, Birth City, cityOfBirth, "
    "countryOfBirthCode, stateOfBirthAbbreviation, Immigrant, Immigration Status, Migrant, Refugee, Homeless, "
    "Foster Care, asian, white, americanIndianOrAlaskaNative, blackOrAfricanAmerican, EconomicDisadvantage, "
    "SpecialEd, Special Education, SPED"
).split(", ")
HARMLESS = (
    "Student_Number, Birthdate, Date of Birth, DOB, Grade, Terrace, Essex County, Cell Phone, Spelling, Grace Period, "
    "Lunch PIN, Lunch Number, lunch_id, Library PIN, School, Address, Email, Username, Compass, Passport Number, "
    "Trace, Sextant, 5040, Bell Schedule, Section, Homeroom, 1, metadata.libraryPin"
).split(", ")


@pytest.mark.parametrize("header", SENSITIVE)
def test_a_sensitive_column_is_known_by_its_name(header: str) -> None:
    """In any spelling, table and words around it."""
    assert is_sensitive(header)


@pytest.mark.parametrize("header", HARMLESS)
def test_a_name_that_looks_like_one_is_none(header: str) -> None:
    """A race is no terrace, and the lunch line's number may be the number on the badge."""
    assert not is_sensitive(header)
