"""Every page x everybody who may see it x full, empty and new: accessible, quiet, light, and good on any screen and paper.

`every_page` finds the pages, so a new one is looked at without a word here. Read the findings by page: an empty table is sound.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from every_page import Page, World, world
from looking import EVERYWHERE, ONCE, Findings, equip, prepare
from playwright.sync_api import Browser, Response
from watching import Watched, a_browser, serving

from service.viewer import Role

KINDS = ("vol", "leeg", "nieuw")
QUIET, LIGHT = "nothing refused, complained of, or asked of another host", "under 200 kB"
MOST_BYTES = 200_000
SUBMIT = """([address, fields]) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: address });
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    }
    document.body.append(form);
    form.submit();
}"""
CHECKS = (*EVERYWHERE, *ONCE, QUIET, LIGHT)
Found = dict[str, dict[str, Findings]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is wrong: by check, and within it by page."""
    wrong: Found = defaultdict(dict)
    seen: set[str] = set()
    worlds = {kind: world(tmp_path_factory.mktemp(kind) / "home", kind=kind) for kind in KINDS}
    with a_browser() as browser:
        for kind, of in worlds.items():
            with serving(of.app) as server:
                for role in dict.fromkeys(page.role for page in of.pages):
                    for one, check, findings in rounds(browser, server, of, role=role, seen=seen):
                        if findings:
                            wrong[check][f"{kind} {one.name} {one.address}"] = findings
    return wrong


def rounds(
    browser: Browser, server: str, of: World, *, role: Role | None, seen: set[str]
) -> Iterator[tuple[Page, str, Findings]]:
    """Visit every page of one role and look at it in every way: what was not `seen` before, and one for the role's own menu."""
    watched = Watched(browser, server)
    equip(watched.page)
    if role is not None:
        watched.context.add_cookies([{"name": of.cookie, "value": of.tokens[role], "url": server}])
    pages = [page for page in of.pages if page.role is role]
    for one in pages:
        if one.told in seen and str(role) in seen:
            continue
        looks = EVERYWHERE if f"{one.route} {one.form}" in seen else ONCE | EVERYWHERE
        seen |= {one.told, str(role), f"{one.route} {one.form}"}
        for check, findings in visited(watched, one, looks):
            yield one, check, findings
    watched.context.close()


def visited(watched: Watched, one: Page, looks: dict[str, object]) -> Iterator[tuple[str, Findings]]:
    """One page: each look at it and what came of it."""
    page = watched.page
    answer = asked(watched, one)
    prepare(page)
    for check, look in looks.items():
        yield check, look(page)
    weight = len(answer.body())
    yield LIGHT, [f"{weight} bytes"] if weight > MOST_BYTES else []
    yield QUIET, list(watched.complaints)
    watched.complaints.clear()


def asked(watched: Watched, one: Page) -> Response:
    if one.form is None:
        return watched.page.goto(f"{watched.server}{one.address}")
    watched.page.goto(f"{watched.server}/uitleg")
    with watched.page.expect_navigation() as coming:
        watched.page.evaluate(SUBMIT, [one.address, one.form])
    return coming.value


@pytest.mark.parametrize("check", CHECKS)
def test_every_page(found: Found, check: str):
    assert found.get(check, {}) == {}
