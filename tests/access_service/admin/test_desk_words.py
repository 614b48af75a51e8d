"""What the desk says of a number that finds nobody."""

import pytest

from access_service.domain.access import Standing
from access_service.domain.mapping import Exclusion
from access_service.explain import Explanation
from access_service.next_steps import ASK_ILS, NEXT_STEPS, REMEDIES, SKIPPED
from access_service.web.admin.desk.words import said_of_nobody


def told(step: str, standing: Standing = Standing.UNKNOWN) -> tuple[str, str]:
    return said_of_nobody(Explanation(standing, (), step))


def test_each_reason_has_its_word() -> None:
    """Opted out, shared, a stranger's, maybe of the library's own; what a command is for, others are told."""
    assert told(REMEDIES[Exclusion.OPTED_OUT])[0] == "Opted out"
    assert told(NEXT_STEPS[Standing.AMBIGUOUS], Standing.AMBIGUOUS)[0] == "Two have this number"
    assert told(NEXT_STEPS[Standing.UNKNOWN])[0] == "Nobody's number"
    assert told(ASK_ILS.format("vendor"))[0] == "No student's number"
    assert told(SKIPPED) == ("No card", f"Tell whoever looks after the service: {SKIPPED}.")


@pytest.mark.parametrize("code", [code for code in Exclusion if code is not Exclusion.OPTED_OUT])
def test_a_clerk_is_sent_to_who_can_help(code: Exclusion) -> None:
    """To the service's people for a command or a file, and not to do nothing."""
    word, step = told(REMEDIES[code])
    others = step.startswith("Tell whoever looks after the service: ")
    assert word == "No card"
    assert others == (("`" in step or "[" in step) and not REMEDIES[code].startswith("nothing"))
