"""The name of every oddity, and one line that says what it is."""

from enum import StrEnum


class Oddity(StrEnum):
    """What real districts really send. In this order they are applied, whatever order they were asked for in."""

    description: str

    def __new__(cls, name: str, description: str) -> "Oddity":
        member = str.__new__(cls, name)
        member._value_ = name
        member.description = description
        return member

    # Who is in the file, and as whom.
    SCHOOL_MISSING = "school-missing", "one school's students are left out; the school itself is still listed"
    OPTED_OUT = "opted-out", "families who said no are left out, one in fifty, some only after weeks"
    TWO_SCHOOLS = "two-schools", "one student in twenty goes to a second school"
    RE_KEYED = "re-keyed", "every source id is another than on the night without this oddity"
    RECYCLED_ID = "recycled-id", "one source id in twenty belongs to another person than on the night without it"
    ID_SHAPE_CHANGED = "id-shape-changed", "source ids are STU_ and the student number, as after a change of system"
    UPPER_CASE_NAMES = "upper-case-names", "names in capitals"

    # What stands in the cells.
    LOST_ZEROS = "lost-zeros", "student numbers without their leading zeros, as a spreadsheet saves them"
    SCIENTIFIC_IDS = "scientific-ids", "student numbers as 1.23E+06"
    SCHOOL_ZEROS = "school-zeros", "a leading zero before the school of every second row"
    SPREADSHEET_DATES = "spreadsheet-dates", "birth dates as 4/12/2017"
    TWO_DIGIT_YEARS = "two-digit-years", "birth dates as 4/12/17"
    DATES_WITH_TIME = "dates-with-time", "birth dates with 00:00:00.000 after them, as a database writes them"
    MISSING_BIRTH_DATES = "missing-birth-dates", "one birth date in five is blank"
    PLACEHOLDER_BIRTH_DATES = "placeholder-birth-dates", "one birth date in twenty is 1900-01-01"
    UNKNOWN_GRADES = "unknown-grades", "one grade in twenty is a code that no standard knows"
    GRADE_WORDS = "grade-words", "grades as Kindergarten, First grade"
    GRADE_LISTS = "grade-lists", "one grade in twenty is a list"
    NULL_LITERAL = "null-literal", "NULL where a cell is empty"
    MISSING_IDS = "missing-ids", "rows without a source id"
    MISSING_NUMBERS = "missing-numbers", "one student number in twenty is blank"
    EMAIL_REUSED = "email-reused", "everybody has the same e-mail address"
    FORMULA_CELLS = "formula-cells", "a given name that a spreadsheet would run as a formula"
    EMBEDDED_NEWLINE = "embedded-newline", "a line break inside a cell"
    NUL_BYTE = "nul-byte", "a NUL inside a cell"
    LONG_CELL = "long-cell", "a cell of 5,000 characters"
    ENDLESS_CELL = "endless-cell", "a cell of 3 MiB"
    STATUS_IN_BULK = "status-in-bulk", "status and dateLastModified filled in a bulk file"
    TOBEDELETED = "tobedeleted", "one row in twenty has status tobedeleted"
    STATUS_LEFT = "status-left", "one row in twenty says that its student has gone"
    ENABLED_FALSE = "enabled-false", "one row in twenty has enabledUser false, which is no exit"
    TRUE_1_ENUMS = "true-1-enums", "1 for true, and role and type spelled Student and School"
    ROLE_ENDED = "role-ended", "one role in twenty ended years ago"
    ROLE_FUTURE = "role-future", "roles that begin and end in the future"
    ORG_REFERENCE_MISSING = "org-reference-missing", "one row in twenty names a school that is listed nowhere"

    # Rows.
    DUPLICATE_IDS = "duplicate-ids", "the same row twice"
    CONTRADICTING_IDS = "contradicting-ids", "one source id on two rows with different names"
    STAFF_SHARES_ID = "staff-shares-id", "a teacher's row with the source id of a student"
    GUARDIAN_ROWS = "guardian-rows", "guardians among the students, with ids of their own and no grade"
    SWAPPED_COLUMNS = "swapped-columns", "given and family names under each other's headers"
    SHIFTED_COLUMN = "shifted-column", "each row lacks the cell before the names and ends in an empty one"
    HEADER_ONLY_USERS = "header-only-users", "no row under the header of the students' file"
    HEADER_ONLY_DEMOGRAPHICS = "header-only-demographics", "no row under the header of demographics.csv"
    EXTRA_CELL_FIRST = "extra-cell-first", "the first row has one cell more than the header"
    EXTRA_CELL_LATER = "extra-cell-later", "a later row has one cell more than the header"
    SHORT_ROW = "short-row", "a row has one cell less than the header"
    TRAILING_COMMA = "trailing-comma", "every row, but not the header, ends in one delimiter too many"

    # Columns.
    COLUMN_MISSING = "column-missing", "no column of grades"
    UNKNOWN_COLUMNS = "unknown-columns", "columns of which nobody knows what they are"
    METADATA_COLUMNS = "metadata-columns", "metadata. columns at the right, as OneRoster allows"
    SENSITIVE_COLUMNS = "sensitive-columns", "passwords, race, sex, meals, a social security number"
    HEADER_CASE = "header-case", "headers in capitals"
    HEADER_SPACES = "header-spaces", "headers with blanks around them and for underscores"
    HEADER_ORDER = "header-order", "columns from right to left"
    INVISIBLE_IN_HEADER = "invisible-in-header", "a zero-width space and a no-break space in the headers"
    TABLE_PREFIX = "table-prefix", "STUDENTS. before each header"
    DUPLICATE_HEADER = "duplicate-header", "the last column twice"

    # The text and bytes of a file.
    BOM = "bom", "a UTF-8 byte order mark"
    UTF_16 = "utf-16", "UTF-16 with its mark, as Excel's Unicode text"
    CP1252 = "cp1252", "Windows-1252, with ? for what it lacks"
    STRAY_BYTE = "stray-byte", "one Windows-1252 byte in a UTF-8 file"
    CR_LINE_ENDS = "cr-line-ends", "CR alone ends a line"
    LF_LINE_ENDS = "lf-line-ends", "LF alone ends a line"
    MIXED_LINE_ENDS = "mixed-line-ends", "CR LF, LF and CR by turns"
    QUOTE_EVERYTHING = "quote-everything", "quotes around every cell"
    BACKSLASH_QUOTES = "backslash-quotes", "a backslash before quotes within quotes"
    UNQUOTED_COMMA = "unquoted-comma", "a delimiter in a name, without quotes"
    STRAY_QUOTE = "stray-quote", "a quote in the middle of a name"
    UNCLOSED_QUOTE = "unclosed-quote", "a quote that opens and never closes"
    BLANK_LINES = "blank-lines", "empty lines between rows"
    TITLE_LINE = "title-line", "a line with a title above the header"
    FOOTER = "footer", "a line with a count below the last row"
    HALF_FILE = "half-file", "the file ends after half of its lines"
    TRUNCATED_BYTES = "truncated-bytes", "the file ends in the middle of a line"
    EMPTY_FILE = "empty-file", "no byte at all"

    # The package.
    NO_MANIFEST = "no-manifest", "manifest.csv is missing"
    MANIFEST_BLANK = "manifest-blank", "every value of the manifest is blank"
    MANIFEST_CONTRADICTS = "manifest-contradicts", "the manifest promises demographics.csv, which is not there"
    MANIFEST_SAYS_DELTA = "manifest-says-delta", "the manifest calls a bulk package a delta"
    MANIFEST_ORDER = "manifest-order", "the rows of the manifest upside down"
    MANIFEST_ONLY = "manifest-only", "nothing but a manifest that calls every file absent: no updates"
    ORGS_MISSING = "orgs-missing", "orgs.csv is missing and not promised"
    FOLDER_IN_ZIP = "folder-in-zip", "the files are in a folder of the zip"
    DEEP_FOLDERS = "deep-folders", "the files are two folders deep"
    UPPER_FILE_NAMES = "upper-file-names", "file names in capitals"
    MACOS_ENTRIES = "macos-entries", "__MACOSX and .DS_Store beside the files"
    README_BESIDE = "readme-beside", "a README.txt beside the files"
    TWICE_IN_ZIP = "twice-in-zip", "the students' file a second time, its name in other case"
    DOTDOT_ENTRY = "dotdot-entry", "an entry whose name leads out of the folder"
    LINK_ENTRY = "link-entry", "an entry that is a symbolic link"
    ENCRYPTED_ENTRY = "encrypted-entry", "an entry marked as encrypted"
    ZIP_BOMB = "zip-bomb", "an entry of 16 MiB of zeros"
    OVERLAPPING_ENTRIES = "overlapping-entries", "two entries that share their bytes"
    CUT_ZIP = "cut-zip", "the zip ends too early"
    NOT_A_ZIP = "not-a-zip", "a web page under the name of a zip"
