"""Small OneRoster packages, row by row, for tests that care about each cell."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

ORGS = ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
USERS_11 = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
    "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
).split(",")
USERS_12 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
    "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns"
).split(",")
ROLES = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId".split(",")
DEMOGRAPHICS = ("sourcedId", "status", "dateLastModified", "birthDate", "sex")

SCHOOLS = {"101": "org-101", "102": "org-102", "201": "org-201", "301": "org-301", "999": "org-999"}


@dataclass(frozen=True)
class Pupil:
    """A made-up student. `extra` sets any other users.csv cell."""

    source_id: str
    number: str
    school: str = "101"
    grade: str = "03"
    born: str = "2017-04-12"
    given: str = "Testa"
    family: str = "Synthetica"
    role: str = "student"
    status: str = ""
    role_end: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def moved(self, **changes: Any) -> "Pupil":
        return replace(self, **changes)


def pupils(count: int, first: int = 1) -> list[Pupil]:
    """`count` students of school 101 with numbers from `first` on; birthdays go round the year."""
    return [
        Pupil(
            f"s-{n:07}", f"{n:07}", born=f"2017-{n % 12 + 1:02}-{n % 28 + 1:02}", given=f"Given{n}", family=f"Family{n}"
        )
        for n in range(first, first + count)
    ]


def csv_bytes(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def files(students: Iterable[Pupil], version: str = "1.1", schools: Mapping[str, str] = SCHOOLS) -> dict[str, bytes]:
    """The files of a bulk package, by name."""
    students = list(students)
    orgs = [
        {"sourcedId": org, "name": f"School {code}", "type": "school", "identifier": code}
        for code, org in schools.items()
    ]
    orgs.append({"sourcedId": "org-d", "name": "District", "type": "district", "identifier": "1"})
    listed = {"users": "bulk", "orgs": "bulk", "demographics": "bulk"} | ({"roles": "bulk"} if version == "1.2" else {})
    manifest = {"manifest.version": "1.0", "oneroster.version": version}
    manifest |= {f"file.{name}": mode for name, mode in listed.items()}
    made = {
        "manifest.csv": csv_bytes(
            ("propertyName", "value"), ({"propertyName": k, "value": v} for k, v in manifest.items())
        ),
        "orgs.csv": csv_bytes(ORGS, orgs),
        "users.csv": csv_bytes(
            USERS_11 if version == "1.1" else USERS_12, (_user(p, version, schools) for p in students)
        ),
        "demographics.csv": csv_bytes(
            DEMOGRAPHICS, ({"sourcedId": p.source_id, "birthDate": p.born} for p in students)
        ),
    }
    if version == "1.2":
        made["roles.csv"] = csv_bytes(ROLES, (_role(p, schools) for p in students))
    return made


def package(
    path: Path, students: Iterable[Pupil], version: str = "1.1", changed: Mapping[str, bytes] = MappingProxyType({})
) -> Path:
    """A zipped package at `path`. `changed` replaces a file's bytes by name without ".csv"."""
    made = files(students, version) | {f"{name}.csv": content for name, content in changed.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 22, 1, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path


def _user(pupil: Pupil, version: str, schools: Mapping[str, str]) -> dict[str, str]:
    cells = {
        "sourcedId": pupil.source_id,
        "status": pupil.status,
        "enabledUser": "true",
        "username": f"user.{pupil.number}",
        "givenName": pupil.given,
        "familyName": pupil.family,
        "identifier": pupil.number,
        "grades": pupil.grade,
    }
    if version == "1.1":
        cells |= {"orgSourcedIds": schools.get(pupil.school, pupil.school), "role": pupil.role}
    return cells | dict(pupil.extra)


def _role(pupil: Pupil, schools: Mapping[str, str]) -> dict[str, str]:
    return {
        "sourcedId": f"role-{pupil.source_id}",
        "userSourcedId": pupil.source_id,
        "roleType": "primary",
        "role": pupil.role,
        "orgSourcedId": schools.get(pupil.school, pupil.school),
        "endDate": pupil.role_end,
    }
