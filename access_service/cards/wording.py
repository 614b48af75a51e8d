"""What cards and letters say in each language: how to sign in, and by which rule the PIN was made, never the PIN."""

from enum import StrEnum

from access_service.domain.pins import PinKind
from access_service.domain.wording import Language, in_language


class Text(StrEnum):
    """`{}` is the library, or an address, a phone number, a school or a grade."""

    TITLE = "title"
    SCHOOL = "school"
    GRADE = "grade"
    NUMBER = "number"
    WHAT = "what"
    HOW = "how"
    SITE = "site"
    HELP = "help"
    PHONE = "phone"
    OPT_OUT = "opt_out"
    THE_LIBRARY = "the_library"
    STUDENT_NUMBER = "student_number"


_TEXTS = {
    Text.TITLE: ("Your student ID is your library card", "Su número de estudiante es su tarjeta de la biblioteca"),
    Text.SCHOOL: ("School {}", "Escuela {}"),
    Text.GRADE: ("Grade {}", "Grado {}"),
    Text.STUDENT_NUMBER: ("Student {}", "Estudiante {}"),
    Text.NUMBER: ("Library card number", "Número de la tarjeta de la biblioteca"),
    Text.WHAT: (
        "The number above is your library card. With it you borrow books and use the computers, e-books and databases"
        " of {}.",
        "El número de arriba es su tarjeta de la biblioteca. Con él puede llevarse libros y usar las computadoras, los"
        " libros electrónicos y las bases de datos de {}.",
    ),
    Text.HOW: (
        "How to sign in: scan the bars or type the number, then enter your PIN.",
        "Cómo entrar: escanee las barras o escriba el número y después introduzca su PIN.",
    ),
    Text.SITE: ("Sign in at {}", "Entre en {}"),
    Text.HELP: (
        "If the number or the PIN does not work, or the card is lost, ask at {}.",
        "Si el número o el PIN no funcionan, o si pierde la tarjeta, pregunte en {}.",
    ),
    Text.PHONE: ("Phone: {}", "Teléfono: {}"),
    Text.OPT_OUT: (
        "A family that does not want this card tells the library, and the library deletes it.",
        "La familia que no quiera esta tarjeta puede decirlo en la biblioteca, y la biblioteca la elimina.",
    ),
    Text.THE_LIBRARY: ("the library", "la biblioteca"),
}
# By rule; None: the holder chose it. No example, for it would be somebody's PIN.
_PINS: dict[PinKind | None, tuple[str, str]] = {
    None: ("PIN: the one that you chose.", "PIN: el que usted eligió."),
    PinKind.MMDD: (
        "PIN: your birthday as MMDD (month and day).",
        "PIN: su cumpleaños, MMDD (mes y día).",
    ),
    PinKind.MMYYYY: (
        "PIN: your birthday as MMYYYY (month and year).",
        "PIN: su fecha de nacimiento, MMAAAA (mes y año).",
    ),
    PinKind.MMDDYYYY: (
        "PIN: your birthday as MMDDYYYY (month, day and year).",
        "PIN: su fecha de nacimiento, MMDDAAAA (mes, día y año).",
    ),
    PinKind.LAST: (
        "PIN: the last {} characters of your student number.",
        "PIN: los últimos {} caracteres de su número de estudiante.",
    ),
    PinKind.COLUMN: ("PIN: the one that your school gave you.", "PIN: el que le dio su escuela."),
    PinKind.UNCLAIMED: (
        "PIN: none yet. Ask at the library for one.",
        "PIN: todavía ninguno. Pídalo en la biblioteca.",
    ),
}


def words(text: Text, language: Language, fact: str = "") -> str:
    """A text, with the fact that it tells of."""
    return in_language(_TEXTS[text], language).format(fact)


def pin_words(pin: PinKind | None, digits: int, language: Language) -> str:
    """How a PIN was made: `digits` is of the rule "last"."""
    return in_language(_PINS[pin], language).format(digits)
