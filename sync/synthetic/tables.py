"""The files of a OneRoster package: headers in the order of the standard, and how one person looks in each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sync.synthetic.district import Person

Version = Literal["1.1", "1.2"]

MANIFEST = "propertyName,value"
ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId"
USERS_1_1 = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password"
)
USERS_1_2 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,"
    "sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns"
)
ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
)
DEMOGRAPHICS = (
    "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
    "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
    "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
)

# What a manifest must say of every file there could be, supplied or not.
_NAMES_1_1 = (
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItems", "orgs", "resources", "results", "users"),
)
_NEW_NAMES_1_2 = (
    *("lineItemLearningObjectiveIds", "lineItemScoreScales", "resultLearningObjectiveIds", "resultScoreScales"),
    *("roles", "scoreScales", "userProfiles", "userResources"),
)
MANIFEST_NAMES = {"1.1": _NAMES_1_1, "1.2": (*_NAMES_1_1, *_NEW_NAMES_1_2)}


@dataclass(frozen=True)
class Table:
    """A file with a line for each person; `line` takes the person and the sourcedId of their school."""

    name: str
    header: str
    line: Callable[[Person, str], str]
    has_adults: bool = True


@cache
def _cell(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name


def _login(person: Person) -> str:
    return f"{person.role[0]}{person.number or person.source_id[:8]}"


def _user_1_1(person: Person, org: str) -> str:
    login = _login(person)
    return (
        f"{person.source_id},,,true,{org},{person.role},{login},,{_cell(person.given_name)},"
        f"{_cell(person.family_name)},,{person.number},,,,,{person.grade},\r\n"
    )


def _user_1_2(person: Person, org: str) -> str:
    login = _login(person)
    return (
        f"{person.source_id},,,true,{login},,{_cell(person.given_name)},{_cell(person.family_name)},,"
        f"{person.number},,,,,{person.grade},,,,,,{org},\r\n"
    )


def _role(person: Person, org: str) -> str:
    return f"{person.source_id}-1,,,{person.source_id},primary,{person.role},,,{org},\r\n"


def _demographics(person: Person, _org: str) -> str:
    return f"{person.source_id},,,{person.birth_date},,,,,,,,,,,,\r\n"


_DEMOGRAPHICS = Table("demographics", DEMOGRAPHICS, _demographics, has_adults=False)

TABLES = {
    "1.1": (Table("users", USERS_1_1, _user_1_1), _DEMOGRAPHICS),
    "1.2": (Table("users", USERS_1_2, _user_1_2), Table("roles", ROLES, _role), _DEMOGRAPHICS),
}
