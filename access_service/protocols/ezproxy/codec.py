"""EZproxy's external script: the word `+VALID` somewhere in a page of text, or no.

Source: OCLC, "External script authentication". EZproxy looks for `+VALID` or `webchkpass`, in any case, in whatever
page it is sent; so no other page has either, nor what a configuration may ask for in their place (`+OK`).
"""

from access_service.domain.access import Answer


def page(answer: Answer) -> str:
    """One word for a right PIN of a card in good standing, and one for everything else."""
    return "+VALID\n" if answer.authenticated else "+NO\n"
