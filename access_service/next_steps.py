"""What a person can do about a number that does not work: one step for each reason, as `explain` tells it."""

from access_service.domain.access import Standing
from access_service.domain.mapping import Exclusion
from access_service.storage.ils import AccountState

OPT_IN = "nothing, unless the family opts in again: then `access-service opt-out remove`, or the district's column"
# What to do about a row that got no card.
REMEDIES = {
    Exclusion.NOT_A_STUDENT: "nothing: the roster does not say that this person is a student",
    Exclusion.SCHOOL_MISSING: "ask the district to fill the student's school in",
    Exclusion.UNKNOWN_SCHOOL: "add the school to [rules.schools] if the agreement covers it",
    Exclusion.UNKNOWN_GRADE: "ask the district what this grade code means",
    Exclusion.GRADE_NOT_SERVED: "add the grade to [[rules.patron_types]] if the agreement covers it",
    Exclusion.NUMBER_MISSING: "ask the district to fill the student number in",
    Exclusion.NUMBER_PATTERN: "ask the district about this number, or mend [rules.student_number] pattern",
    Exclusion.NUMBER_TOO_LONG: "shorten [rules] library_number, or raise number_max_length if the ILS can hold it",
    Exclusion.NUMBER_COLLISION: "ask the district which of the two students has the number",
    Exclusion.NUMBER_IN_ILS: "look at the card of this number in the ILS: if it is the student's own, put what"
    " [ils] key says there, and the next night takes it up; if not, the student needs another number",
    Exclusion.ID_RECYCLED: "ask the district whether it gave this id to another child; if it did,"
    " `roster-sync recycle` with the patron named above",
    Exclusion.OF_AGE: "nothing: cards end at the age that [rules.of_age] says; offer a card of the library's own",
    Exclusion.ROLE_CHANGED: "ask the district whether the role is right; if it is, `roster-sync recycle` with the"
    " patron named above makes a new card of the new role",
    Exclusion.STATED_EXIT: "nothing: the district says that this student has gone",
    Exclusion.OPTED_OUT: OPT_IN,
}
NEXT_STEPS = {
    Standing.ACTIVE: "nothing: with the right PIN this card works",
    Standing.ABSENT: "nothing today: the card works; if the student is still at the school, ask the district why"
    " the roster leaves them out",
    Standing.GRADUATED: "nothing today: the card works until it expires, and till then `access-service patron convert`"
    " makes it a full library card",
    Standing.EXPIRED: "the next roster with this student renews the card; if it does not, look at [rules.expiry]",
    Standing.BLOCKED: "ask at the library's desk: its ILS blocks the card; when it does no longer, its next extract"
    " lifts the block here",
    Standing.LEFT: "if the student is still at the school, ask the district to put them in the roster",
    Standing.OPTED_OUT: OPT_IN,
    Standing.AMBIGUOUS: "ask for the whole library number, or which school it is",
    Standing.UNKNOWN: "check the number with the school; if it is new, wait for the next roster",
}
NO_PIN = "ask the district to fill in what the PIN is made from; until then no PIN works"
ASK_ILS = (
    "`access-service lookup NUMBER --client {0} --with-pin` says what the ILS answers, and"
    " `access-service try-client {0} NUMBER` what the client gets; if it should be a student's, check the"
    " number with the school"
)
ILS_PIN = "nothing: the card works where the ILS asks for the PIN; a forgotten one is set there"
NOT_IN_ILS = {
    AccountState.KEPT_BACK: "mend what keeps the account back; until a load has it no self-check knows the card",
    AccountState.REFUSED: "mend why the ILS refuses the account; until it takes it no self-check knows the card",
    AccountState.THEIRS: "look at the account in the ILS, for loads leave it alone; `roster-sync accounts release`"
    " has the next one tell all of it",
}
UNBLOCK = "settle why the library blocks the card; `access-service patron unblock` lifts that at once"
RENEW = "renew the agreement with the district, and set [agreement] ends"
TEST_CARD = "nothing: with the right PIN it works through its last day; `access-service exception remove` ends it now"
SKIPPED = "`access-service exception remove` ends that; the next night then looks at the student again"
