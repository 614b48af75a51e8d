"""The pages that links lead to, one of each kind."""

import re
from collections.abc import Callable
from html import unescape

MOST = 60


def visited(get: Callable[[str], str], first: str) -> list[str]:
    """The addresses of all pages that can be reached from `first`; `get` gives a page's text. Of those that differ in
    numbers or in what is asked of them, one. Files to take away are left out."""
    host = first.split("/admin/", maxsplit=1)[0]
    found, kinds = [first], set()
    for url in found:
        for tag in re.findall(r"<a\b[^>]*>", get(url)):
            href = re.search(r'href="(/admin/[^"#]*)', tag)
            if not href or "/files/" in href[1] or len(found) >= MOST:
                continue
            if kind(href[1]) not in kinds:
                kinds.add(kind(href[1]))
                found.append(host + unescape(href[1]))
    return found


def kind(url: str) -> str:
    """What pages of one kind have in common."""
    return re.sub(r"\d+", "0", url.split("?", maxsplit=1)[0])
