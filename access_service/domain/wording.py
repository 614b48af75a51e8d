"""What people are told, where a dialect has room for words: one text a message and language, no fact about anybody.

No text holds what a client takes for a verdict: BLN and CQY (Libki), +VALID and webchkpass (EZproxy), +OK (LibAuth),
RETCOD=0 (VuFind).
"""

from enum import StrEnum


class Language(StrEnum):
    ENGLISH = "en"
    SPANISH = "es"


class Message(StrEnum):
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    PIN_WRONG = "pin_wrong"
    PIN_MISSING = "pin_missing"
    PIN_CHANGED = "pin_changed"
    PIN_NOT_DIGITS = "pin_not_digits"
    PIN_TOO_SHORT = "pin_too_short"
    PIN_TOO_LONG = "pin_too_long"
    PIN_ONE_DIGIT = "pin_one_digit"
    PIN_SEQUENCE = "pin_sequence"
    PIN_IN_NUMBER = "pin_in_number"
    PIN_ISSUED = "pin_issued"
    PIN_NOT_KEPT_HERE = "pin_not_kept_here"
    UNAVAILABLE = "unavailable"
    NOT_SUPPORTED = "not_supported"


# Of a locked card and of a client that tried too often the same is said as of a wrong PIN. EXPIRED is a word that PC
# booking looks for, in any language.
_TEXTS = {
    Message.WELCOME: ("Welcome.", "Bienvenido."),
    Message.GOODBYE: ("Goodbye.", "Hasta pronto."),
    Message.UNKNOWN: ("Card number not found.", "No se encuentra el número de tarjeta."),
    Message.AMBIGUOUS: (
        "More than one person has this number: please ask at the desk.",
        "Más de una persona tiene este número: pregunte en el mostrador.",
    ),
    Message.EXPIRED: (
        "EXPIRED: please ask at the library.",
        "EXPIRED: la tarjeta ha caducado; pregunte en la biblioteca.",
    ),
    Message.BLOCKED: (
        "This card is blocked: please ask at the library.",
        "Tarjeta bloqueada: pregunte en la biblioteca.",
    ),
    Message.PIN_WRONG: (
        "Wrong PIN. After several tries, wait a while before the next.",
        "PIN incorrecto. Tras varios intentos, espere un rato antes del siguiente.",
    ),
    Message.PIN_MISSING: ("Please enter your PIN.", "Introduzca su PIN."),
    Message.PIN_CHANGED: ("Your PIN has been changed.", "Su PIN ha cambiado."),
    Message.PIN_NOT_DIGITS: ("A PIN has digits only.", "Un PIN solo tiene cifras."),
    Message.PIN_TOO_SHORT: ("This PIN is too short.", "Este PIN es demasiado corto."),
    Message.PIN_TOO_LONG: ("This PIN is too long.", "Este PIN es demasiado largo."),
    Message.PIN_ONE_DIGIT: (
        "Please choose a PIN with different digits.",
        "Elija un PIN con cifras distintas.",
    ),
    Message.PIN_SEQUENCE: (
        "Please choose a PIN whose digits are not in a row.",
        "Elija un PIN sin cifras consecutivas.",
    ),
    Message.PIN_IN_NUMBER: (
        "Please choose a PIN that is not part of your number.",
        "Elija un PIN que no forme parte de su número.",
    ),
    Message.PIN_ISSUED: (
        "Please choose a PIN other than the one you were given.",
        "Elija un PIN distinto del que recibió.",
    ),
    Message.PIN_NOT_KEPT_HERE: (
        "This PIN cannot be changed here: please ask at the library.",
        "Este PIN no se puede cambiar aquí: pregunte en la biblioteca.",
    ),
    Message.UNAVAILABLE: (
        "The library system is unavailable. Please try again soon.",
        "El sistema de la biblioteca no está disponible. Inténtelo de nuevo pronto.",
    ),
    Message.NOT_SUPPORTED: ("Not supported here.", "No disponible aquí."),
}


def words(message: Message, language: Language) -> str:
    """The text of a message, one line."""
    return in_language(_TEXTS[message], language)


def in_language(texts: tuple[str, str], language: Language) -> str:
    """One of two texts, which say the same in English and in Spanish."""
    english, spanish = texts
    return spanish if language is Language.SPANISH else english
