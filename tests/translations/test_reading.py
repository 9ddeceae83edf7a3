"""English that is left on a page is found."""

import pytest

from tests.translations.reading import english_words, main_of


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>您的用量</p>", set()),
        ("<p>Your 用量</p>", {"Your"}),
        ('<nav aria-label="Main"></nav>', {"Main"}),
        ('<p class="muted">10 个 token（UTC）</p>', set()),
        ("<code>curl it</code>", set()),
        ("<p>claude-sonnet</p>", {"claude", "sonnet"}),
    ],
)
def test_finds_words(html, found) -> None:
    assert english_words(html) == found


def test_passes_over_data() -> None:
    assert english_words("<p>claude-sonnet it was</p>", data=["claude-sonnet"]) == {"was"}


def test_main_is_what_a_page_has_of_its_own() -> None:
    assert main_of("<nav>Menu</nav><main id=main>主</main>") == "<main id=main>主"
