"""The columns of the standard's files, in its order, and how exporters spell them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sync.roster import BadRosterError, WarningCode

# Of 1.0 to 1.2.1 together: no version puts two of them in another order.
STANDARD: Mapping[str, tuple[str, ...]] = {
    "manifest": ("propertyName", "value"),
    "users": tuple(
        "sourcedId status dateLastModified enabledUser orgSourcedIds role username userIds givenName familyName"
        " middleName identifier email sms phone agentSourcedIds grades password userMasterIdentifier"
        " resourceSourcedIds preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId"
        " pronouns".split()
    ),
    "roles": tuple(
        "sourcedId status dateLastModified userSourcedId roleType role beginDate endDate orgSourcedId"
        " userProfileSourcedId".split()
    ),
    "demographics": tuple(
        "sourcedId status dateLastModified birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican"
        " nativeHawaiianOrOtherPacificIslander white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity"
        " countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus".split()
    ),
    "orgs": tuple("sourcedId status dateLastModified name type identifier parentSourcedId".split()),
}

# Other words for a column, as `bare` leaves them, the likelier first. 1.0 has userSourcedId in demographics.csv.
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "users": {
        "sourcedId": "sourceid sourcedids",
        "orgSourcedIds": "orgsourcedid orgsourceids orgsourceid orgids orgid schoolsourcedids schoolsourcedid",
        "role": "roles userrole",
        "givenName": "firstname",
        "familyName": "lastname surname",
        "identifier": "identifer indentifier identifiers",
        "grades": "grade gradelevel gradelevels",
        "userIds": "userid",
        "agentSourcedIds": "agentsourcedid agents",
        "primaryOrgSourcedId": "primaryorgsourceid primaryorgid primaryorg",
    },
    "roles": {
        "sourcedId": "sourceid",
        "userSourcedId": "usersourceid usersourcedids userid",
        "orgSourcedId": "orgsourcedids orgsourceid orgid schoolsourcedid",
        "beginDate": "startdate",
    },
    "demographics": {
        "sourcedId": "usersourcedid sourceid usersourceid",
        "birthDate": "dob dateofbirth birthday",
    },
    "orgs": {"sourcedId": "sourceid orgsourcedid", "type": "orgtype", "identifier": "identifer indentifier"},
}
_ALL = {"dateLastModified": "lastmodified datelastmodify datemodified"}


def bare(name: str) -> str:
    """Its letters and digits alone: "Sourced_ID " with a mark in front that nobody sees is "sourcedid". What has NULs
    in it is no text."""
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter == "\0")


_SPELLINGS = {
    kind: {name: (bare(name), *(_SYNONYMS.get(kind, {})).get(name, _ALL.get(name, "")).split()) for name in names}
    for kind, names in STANDARD.items()
}


def columns_of(kind: str, header: Iterable[str]) -> frozenset[str]:
    """The columns that a file of this kind would have under this header."""
    there = set(map(bare, header))
    return frozenset(name for name, spellings in _SPELLINGS[kind].items() if not there.isdisjoint(spellings))


def headers_of(kind: str, header: Sequence[str], file: str) -> dict[str, str]:
    """The header that each column of the standard stands under. Errors: BadRosterError where two could be meant."""
    spelled: dict[str, list[str]] = {}
    for name in header:
        spelled.setdefault(bare(name), []).append(name)
    found: dict[str, str] = {}
    for name, spellings in _SPELLINGS[kind].items():
        there = [name] if name in header else next((spelled[each] for each in spellings if each in spelled), [])
        if len(there) > 1:
            raise BadRosterError(f"{file}: column {name!r} is there twice; remove one")
        if there:
            found[name] = there[0]
    return found


def leniencies(found: Mapping[str, str], header: Sequence[str], own: Iterable[str]) -> Iterator[WarningCode]:
    """What is not as the standard has it in a header, of which `own` columns are the district's choice."""
    if any(name != there for name, there in found.items()):
        yield WarningCode.HEADER_SPELLING
    places = [header.index(there) for there in found.values()]
    if places != sorted(places):
        yield WarningCode.HEADER_ORDER
    known = {*found.values(), *own}
    if any(name not in known and not name.lower().startswith("metadata.") for name in header):
        yield WarningCode.COLUMN_UNKNOWN
