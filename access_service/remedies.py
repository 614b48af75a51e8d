"""What caused each code and what to do about it, in the words of the docs (a test compares them)."""

from collections.abc import Mapping
from typing import NamedTuple


class Remedy(NamedTuple):
    cause: str
    cure: str


REMEDIES: Mapping[str, Remedy] = {
    "creates": Remedy(
        "more new cards than `[limits]` allow: another district's file, new source ids",
        "look at the file with the district; if it is right (a new school), approve it",
    ),
    "updates": Remedy(
        "more cards would change than `[limits]` allow: a shifted column, a summer rollover",
        "look at a few students in the file; if it is right, approve it",
    ),
    "returns": Remedy(
        "more patrons come back than `[limits]` allow",
        "look at who had left, and why; if they are here again, approve it",
    ),
    "removals": Remedy(
        "more patrons newly absent or leaving than `[limits]` allow: a partial export, a school left out, a rule edit",
        "look at the file with the district; if it is right (graduation), approve it. With no"
        " other finding, only the removals wait",
    ),
    "collisions": Remedy(
        "many rows have numbers that are somebody else's: new source ids for the same students, or another "
        "district's file",
        "ask the district whether its ids changed; if they did, `roster-sync rekey`",
    ),
    "renamed": Remedy(
        "many patrons have another name or birth date: a shifted column, first and last name swapped",
        "look at the columns with the district",
    ),
    "rekeyed": Remedy(
        "many students are missing under one source id and new under another, by name and birth date: the SIS"
        " gave new ids",
        "ask the district; if it did, `roster-sync rekey` gives the patrons their new ids. Nobody is taken for somebody"
        " new meanwhile",
    ),
    "recycled": Remedy(
        "many source ids belong to other people now, by name and birth date",
        "ask the district whether it gives ids twice; approve, then `roster-sync recycle` for those of whom it says so",
    ),
    "faults": Remedy(
        "the rows of many patrons cannot be understood (no school, no readable grade, no fitting number): "
        "columns under each other's names, other codes",
        "look at the file with `roster-sync inspect`; `[feed.values]` says what new codes mean",
    ),
    "file_shrunk": Remedy(
        "the file is much smaller than the last accepted one",
        "ask the district for a complete export",
    ),
    "blanks": Remedy(
        "a column that was filled is blank in many rows, or in all",
        "the district looks at its export",
    ),
    "grade_mix": Remedy(
        "the grades are spread otherwise than in the last roster: other codes, a level left out",
        "look at the grades in `roster-sync inspect`",
    ),
    "id_shape": Remedy(
        "source ids or student numbers have another length or other characters: lost zeros, another column",
        "the district looks at its export",
    ),
    "schools_gone": Remedy(
        "nobody is left of a served school that had ten students or more",
        "ask the district for a complete export",
    ),
    "opt_outs_shrank": Remedy(
        "far fewer students than in the last accepted roster are opted out by the district's column",
        "ask the district whether so many families opted in again",
    ),
    "opt_outs_flipped": Remedy(
        "the opt-out column says the opposite of the last accepted roster for many students, or for nearly all: its "
        "meaning was turned round, or it is another column",
        "ask the district what the column means, and mend `[feed.values.opt_out]`",
    ),
    "undone_file": Remedy(
        "the very file that somebody has undone came again",
        "ask the district for another; to have it applied, undo the undo that the report names",
    ),
    "older_file": Remedy(
        "a complete file that was written before the one that was applied last: an old export, or a clock set back",
        "ask the district for today's; if it went back on purpose, approve it",
    ),
    "replayed_file": Remedy(
        "the very file that was applied before the last one came again: an export that stands still, or an old copy",
        "ask the district for today's; if everybody is again as they were then, approve it",
    ),
    "rules_changed": Remedy(
        "the district's file says other rules than were accepted last; the report has the lines",
        "look at the plan: `roster-sync approve RUN` accepts rules and file, `roster-sync rules accept DISTRICT` the "
        "rules; or put the lines back",
    ),
    "columns_changed": Remedy(
        "a field is read from another column than before, or its column is gone or new",
        "look at the header with the district; `[feed.columns]` names the right one",
    ),
    "encoding_changed": Remedy(
        "the file is in another encoding, or has something else between its cells: another program wrote it",
        "look at names with accents, with the district; if they are right, approve it",
    ),
    "row_width": Remedy(
        "the row has more or fewer cells than the header: an unquoted comma, a comma after every row, a cut-off line",
        "the district exports with quotes, and as many cells as there are columns",
    ),
    "line_break": Remedy(
        "a cell has a line break in it: often a stray quote that swallowed rows",
        "the district removes the quote",
    ),
    "control_character": Remedy(
        "a cell has an unprintable character",
        "the district retypes the cell",
    ),
    "field_too_long": Remedy(
        "a cell has over 1,000 characters",
        "the district looks at the cell",
    ),
    "id_missing": Remedy(
        "no id (`sourcedId`, `Student_id`, or what the format calls it)",
        "the district fills it in",
    ),
    "id_too_long": Remedy(
        "an id of over 255 characters",
        "the district looks at the column",
    ),
    "id_duplicate": Remedy(
        "one id on rows that say different things; all of them are rejected",
        "the district removes the wrong ones",
    ),
    "id_damaged": Remedy(
        "an id or a student number that a spreadsheet cut short (`1.23E+11`): two students could share it",
        "the district exports from its system, not from a spreadsheet, or keeps the column as text",
    ),
    "role_unknown": Remedy(
        "a blank role, or one that nobody knows; known adults are no rejects",
        "the district fills it in, or names it as the standard does (`ext:...` for its own)",
    ),
    "birth_date_unreadable": Remedy(
        "a birth date that is no date in any spelling we know; the student has no PIN made of it",
        "the district mends the column's format",
    ),
    "birth_date_missing": Remedy(
        "a student without a birth date; the student has no PIN made of it",
        "the district fills it in",
    ),
    "birth_date_placeholder": Remedy(
        "a birth date that stands for none: in the future, a hundred years ago, a New Year's Day of over 25 "
        "years ago; counts as missing",
        "the district fills it in",
    ),
    "status_unknown": Remedy(
        "a word in the status column that nobody knows; the student stays",
        "say in `[feed.values.status]` what it means",
    ),
    "rows_disagree": Remedy(
        "a student's rows say different things about grade; the first counts",
        "the district looks at them",
    ),
    "row_repeated": Remedy(
        "a row stands there twice; one counts, in a delta the one that was modified last",
        "nothing",
    ),
    "fallback_encoding": Remedy(
        "a file was not UTF-8 and was read in `feed.fallback_encoding`",
        "the district exports UTF-8",
    ),
    "no_manifest": Remedy(
        "the package has no manifest.csv",
        "nothing, or the district adds it",
    ),
    "row_blank": Remedy(
        "a row without anything in it that is used",
        "nothing",
    ),
    "number_cell": Remedy(
        "a spreadsheet column of ids, numbers or schools that holds numbers, not text: zeros in front may be lost",
        "the district makes the column text; `rules.student_number.pad_to` brings back zeros",
    ),
    "excel_text": Remedy(
        'a cell written as `="00123"`, which keeps a spreadsheet from eating zeros; read as 00123',
        "nothing",
    ),
    "lines_above_header": Remedy(
        "a title or blank lines above the header; skipped",
        "nothing",
    ),
    "header_repeated": Remedy(
        "two columns of one name, neither of them used",
        "nothing",
    ),
    "footer": Remedy(
        'a last line such as "778 rows selected."; no row',
        "nothing",
    ),
    "manifest_contradicts": Remedy(
        "manifest.csv says one thing twice, or other than what is in the package; the files count",
        "the district's exporter is mended, when there is time",
    ),
    "version_by_headers": Remedy(
        "manifest.csv has no version we know, or the files are of another; their headers count",
        "the district corrects `oneroster.version`",
    ),
    "empty_file": Remedy(
        "demographics.csv, a file of staff, or a file of a delta has a header and no rows",
        "the district looks whether birth dates are missing",
    ),
    "header_spelling": Remedy(
        "a file with a column that is not spelled as in the standard (`sourcedID`, `dob`, an invisible character)",
        "nothing, or the district mends the header",
    ),
    "header_order": Remedy(
        "a file whose columns are not in the order of the standard",
        "nothing",
    ),
    "column_unknown": Remedy(
        "a file with a column that no version has and that is not called `metadata.*`",
        "nothing; it is never read",
    ),
    "value_spelling": Remedy(
        "a word or date that is not spelled as in the standard (`STUDENT`, `4/12/2017`, `Bulk`)",
        "nothing",
    ),
    "opt_out_unknown": Remedy(
        "a cell of the opt-out column that `[feed.values.opt_out]` does not have; the student counts as opted out",
        "say in `[feed.values.opt_out]` what it means",
    ),
    "null_cell": Remedy(
        "a cell with the text NULL, read as blank; a name stays as it is",
        "the district's query leaves the cell empty",
    ),
    "status_in_bulk": Remedy(
        "a row with a `status` in a bulk file; `tobedeleted` and `inactive` count, anything else does not",
        "nothing",
    ),
    "status_unreadable": Remedy(
        "a row of a delta with no `status`, or an unknown one; read as `active`",
        "the district fills it in",
    ),
    "role_ended_in_delta": Remedy(
        "a student's role ended, and a delta does not say whether another goes on; they stay",
        "nothing: the next complete roster tells",
    ),
    "org_unknown": Remedy(
        "a student whose school is not in orgs.csv; their card stays as it was, and a newcomer gets none",
        "the district adds the school to the export",
    ),
    "org_type_unknown": Remedy(
        "an org whose `type` nobody knows; it counts as a school",
        "nothing",
    ),
    "also_a_student": Remedy(
        "an educator's row with the id of a student; the student counts",
        "nothing; if they are two people, the district gives each an id of their own",
    ),
    "school_missing": Remedy(
        "the row names no school, or none that the roster lists",
        "the district fills it in",
    ),
    "number_missing": Remedy(
        "no student number",
        "the district fills it in",
    ),
    "number_pattern": Remedy(
        "the number does not fit `[rules.student_number] pattern`",
        "ask the district, or mend the pattern",
    ),
    "number_too_long": Remedy(
        "the library number is longer than `rules.number_max_length`",
        "shorten the template",
    ),
    "number_collision": Remedy(
        "two people have the number; neither gets in with it",
        "the district says whose it is",
    ),
    "unknown_grade": Remedy(
        "nobody knows this grade code",
        "ask the district what it means",
    ),
    "id_recycled": Remedy(
        "a source id has another name and birth date than before: it may be another child, who must not get "
        "this patron's card",
        "the district says who it is; another child: `roster-sync recycle`",
    ),
    "role_changed": Remedy(
        "a source id was a student's before and is an educator's now, or the other way; it may be another person, "
        "who must not get this patron's card",
        "the district gives an educator an id of their own, or mends the role; if it is right, `roster-sync recycle`",
    ),
    "not_a_student": Remedy(
        "the row is a guardian's or another adult's, or a teacher's where `[rules.educators]` is missing; in a "
        "delta, of somebody without a card, and does not say where they are",
        "nothing",
    ),
    "unknown_school": Remedy(
        "the school is not in `[rules.schools]`",
        "add it, if the agreement covers it",
    ),
    "grade_not_served": Remedy(
        "the grade is in no `[[rules.patron_types]]` band",
        "add it, if the agreement covers it",
    ),
    "number_in_ils": Remedy(
        "the number is somebody's card in the ILS already, by its newest extract",
        "the library says whose card it is: the student's own gets the key of `[ils] key` there (with `patron_id`,"
        " which a newcomer does not have yet, it is renumbered or deleted there); another's, the district gives "
        "another number, or the template is changed",
    ),
    "of_age": Remedy(
        "the student has reached the age at which `[rules.of_age]` ends cards",
        "nothing; a card of the library's own",
    ),
    "stated_exit": Remedy(
        "the roster says that the student has gone (`tobedeleted`, a role that ended)",
        "nothing",
    ),
    "opted_out": Remedy(
        "the family opted out: in the library's ledger, or in the roster's own column",
        "nothing, unless they opt in again",
    ),
}


def remedy(code: str) -> Remedy:
    """Cause and cure of a code as it is stored: no two vocabularies here share a word."""
    return REMEDIES[code]
