"""The words for what an ILS is told."""

from enum import StrEnum


class Action(StrEnum):
    """What the ILS is to do, in the order in which the parts of a load are taken. EXPIRE is by the number
    alone: of one who opted out we know no more by then, of one who left and is kept back the ILS takes no more. Whoever
    else left has another `expires` in an UPDATE."""

    RENUMBER = "renumber"
    CREATE = "create"
    UPDATE = "update"
    EXPIRE = "expire"


class AccountField(StrEnum):
    """What a load can say of an account. KEY is by which the ILS and we know it whatever its number becomes;
    FORMER_NUMBER is there in a renumbering alone."""

    NUMBER = "library_number"
    KEY = "key"
    STUDENT_NUMBER = "student_number"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    PATRON_TYPE = "patron_type"
    PROFILE = "profile"
    BRANCH = "branch"
    SCHOOL = "school"
    GRADE = "grade"
    ROLE = "role"
    EXPIRES = "expires"
    PIN = "pin"
    FORMER_NUMBER = "former_number"
