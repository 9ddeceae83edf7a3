"""The house rules about files bite: each violation is planted once, beside what is allowed."""

import hashlib
from pathlib import PurePosixPath as File

import pytest

from tests.architecture import repository

# Written in two halves, so that this file does not break the rule it tests.
SLASH = "/"


class TestFilesAreShort:
    @pytest.mark.parametrize(
        ("file", "most"),
        [
            ("app/domain/usage/rules.py", 400),
            ("tests/domain/usage/test_rules.py", 400),
            ("static/js/charts.js", 400),
            ("templates/web/usage/index.html", 150),
        ],
    )
    def test_counts_lines(self, file: str, most: int) -> None:
        assert list(repository.files_are_short(File(file), "x\n" * most)) == []
        assert list(repository.files_are_short(File(file), "x\n" * (most + 1)))

    @pytest.mark.parametrize("file", ["static/vendor/htmx.js", "requirements.txt"])
    def test_leaves_what_others_wrote_alone(self, file: str) -> None:
        assert list(repository.files_are_short(File(file), "x\n" * 999)) == []


class TestNoPathOfAMachine:
    @pytest.mark.parametrize(
        "line",
        ["cd {}work", "see {}work/main/app", "open('{}tmp/a.txt')", "PATH=x:{}tmp/bin", "{}tmp"],
    )
    def test_finds(self, line: str) -> None:
        assert list(repository.no_path_of_a_machine(File("a.md"), line.format(SLASH)))

    @pytest.mark.parametrize(
        "line", ["app/workflows/", "{}workflows", "a/work/b", "{}tmpl/a", "https://a.b/work"]
    )
    def test_lets_pass(self, line: str) -> None:
        assert list(repository.no_path_of_a_machine(File("a.md"), line.format(SLASH))) == []


class TestWordsAreWhole:
    @pytest.mark.parametrize("line", ["  text-overflow: ellipsis;", "  -webkit-line-clamp: 2;"])
    def test_finds(self, line: str) -> None:
        assert list(repository.words_are_whole(File("static/css/a.css"), f"a {{\n{line}\n}}"))

    @pytest.mark.parametrize("line", ["  overflow-wrap: anywhere;", "  overflow: hidden;"])
    def test_lets_pass(self, line: str) -> None:
        assert list(repository.words_are_whole(File("static/css/a.css"), f"a {{{line}}}")) == []


class TestColoursStandWithTheTokens:
    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("static/css/a.css", "a { color: #fff; }"),
            ("static/css/a.css", "a {\n  background: rgb(0 0 0 / 14%); }"),
            ("static/css/a.css", "a { box-shadow: 0 1px 2px\n    oklch(50% 0.1 20); }"),
            ("static/css/a.css", "a { border: 1px solid White; }"),
            ("static/css/a.css", "a { --mine: light-dark(var(--text), var(--muted)); }"),
            ("static/js/a.js", 'paper.fillStyle = "#A0b1C2";'),
        ],
    )
    def test_finds(self, file: str, text: str) -> None:
        (found,) = repository.colours_stand_with_the_tokens(File(file), text)
        assert found.startswith(f"{file}:{1 + text.count(chr(10), 0, text.rindex(';'))} has")

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("static/css/tokens.css", ":root { --text: #17181c; }"),
            ("static/vendor/chart.js", 'let c = "#fff";'),
            ("static/css/a.css", "#add a:hover, #white { color: var(--on-accent); }"),
            (
                "static/css/a.css",
                "a { background: color-mix(in srgb, var(--red) 5%, transparent); }",
            ),
            ("static/css/a.css", "a { transition: color 1s; mask: url(#fade-out); }"),
            ("static/js/a.js", 'find("#usage-chart"); // #123\nconst red = 1;'),
            ("app/a.py", 'COLOUR = "#fff"'),
        ],
    )
    def test_lets_pass(self, file: str, text: str) -> None:
        assert list(repository.colours_stand_with_the_tokens(File(file), text)) == []


class TestTestsMirrorModules:
    @pytest.mark.parametrize(
        "test",
        [
            "tests/domain/usage/test_rules.py",
            "tests/domain/usage/test_rules_of_splitting.py",
            "tests/test_html_lint.py",
            "tests/entrypoints/test_api.py",
            "tests/migrations/test_migrations.py",
            "tests/journeys/test_first_day.py",
        ],
    )
    def test_lets_pass(self, test: str) -> None:
        modules = [
            "app/domain/usage/rules.py",
            "tests/html_lint.py",
            "app/entrypoints/api/__init__.py",
            "migrations/env.py",
        ]
        assert list(repository.tests_mirror_modules([File(f) for f in [*modules, test]])) == []

    @pytest.mark.parametrize(
        "test", ["tests/domain/usage/test_prices.py", "tests/domain/test_rules.py"]
    )
    def test_finds(self, test: str) -> None:
        files = [File("app/domain/usage/rules.py"), File(test)]
        assert list(repository.tests_mirror_modules(files))


class TestVendoredFilesAreListed:
    FILES = {File("htmx/htmx.min.js"): b"let htmx"}  # noqa: RUF012  # never changed
    DIGEST = hashlib.sha256(b"let htmx").hexdigest()

    def faults(self, listing: str) -> list[str]:
        return list(repository.vendored_files_are_listed(self.FILES, listing))

    def test_wants_version_licence_and_checksum(self) -> None:
        assert self.faults(f"| htmx/htmx.min.js | 2.0.4 | 0BSD | {self.DIGEST} |") == []

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "| htmx.min.js | 2.0.4 | 0BSD | {digest} |",
            "| htmx/htmx.min.js | 2.0.4 | 0BSD |",
            "| htmx/htmx.min.js | 2.0.4 | {digest} |",
            "| htmx/htmx.min.js | 0BSD | {digest} |",
            "| htmx/htmx.min.js | 2.0.4 | 0BSD | {digest} |\n| gone.js | 1.0 | MIT | {other} |",
        ],
    )
    def test_finds(self, line: str) -> None:
        assert self.faults(line.format(digest=self.DIGEST, other="0" * 64))

    def test_needs_no_listing_without_files(self) -> None:
        assert list(repository.vendored_files_are_listed({}, "")) == []


class TestFragmentsCanBeSwapped:
    PAGE = '{% include "web/usage/_chart.html" %}'

    def faults(self, fragment: str, *, page: str = PAGE) -> list[str]:
        templates = {File("web/usage/_chart.html"): fragment, File("web/usage/index.html"): page}
        return list(repository.fragments_can_be_swapped(templates))

    @pytest.mark.parametrize(
        "fragment",
        [
            '<figure id="chart"></figure>',
            '{% from "a.html" import b %}\n{# why #}\n<figure class="a" id="usage-chart">',
            '{% call card_box("a", element="figure", id="chart", label=_("B")) %}{% endcall %}',
        ],
    )
    def test_lets_pass(self, fragment: str) -> None:
        assert self.faults(fragment) == []

    @pytest.mark.parametrize(
        "fragment",
        ["<figure></figure>", '<figure id="picture">', "text", '{% call card_box(id="picture") %}'],
    )
    def test_wants_an_id_named_after_the_file(self, fragment: str) -> None:
        assert self.faults(fragment)

    def test_wants_a_page_that_includes_it(self) -> None:
        assert self.faults('<figure id="chart">', page="")


class TestPartsStandOnce:
    def faults(self, file: str, page: str) -> list[str]:
        return list(repository.parts_stand_once({File(file): page}))

    @pytest.mark.parametrize(
        "page",
        [
            '<section class="card table-card">',
            '<header class="card-head">',
            '<footer class="card-foot">',
            '<ol class="steps {% if a %}steps-short{% endif %}">',
            '<p class="toast">',
            '<span class="badge badge-good">',
            '<div id="a" class="dialog" popover>',
        ],
    )
    def test_finds(self, page: str) -> None:
        assert self.faults("web/usage/index.html", page)
        assert self.faults("layouts/dashboard.html", page)
        assert self.faults("components/cards.html", page) == []
        assert self.faults("sandbox/panel.html", page) == []

    @pytest.mark.parametrize("page", ['<p class="card-name">', '<p class="muted steps-note">'])
    def test_lets_pass(self, page: str) -> None:
        assert self.faults("web/usage/index.html", page) == []


class TestWideTablesFold:
    @pytest.mark.parametrize(
        ("columns", "classes", "faults"),
        [(4, "table", 0), (5, "table", 1), (5, "table table-stacked", 0)],
    )
    def test_finds_those_that_do_not(self, columns: int, classes: str, faults: int) -> None:
        heading = '<th scope="col">What</th>'
        page = f'<table class="{classes}"><thead>{heading * columns}</thead></table>'
        found = list(repository.wide_tables_fold({File("web/index.html"): page}))
        assert len(found) == faults


class TestTemplatesImportWhatIsThere:
    def faults(self, page: str) -> list[str]:
        shared = "{% macro badge(words) %}{{ words }}{% endmacro %}{% set WORDS = {} %}"
        templates = {File("components/cards.html"): shared, File("web/index.html"): page}
        return list(repository.templates_import_what_is_there(templates))

    @pytest.mark.parametrize(
        "page",
        [
            "{{ badge(1) }}",
            '{% from "components/cards.html" import badge, WORDS %}{{ badge(WORDS.a) }}',
            '{% from "components/cards.html" import badge as mark %}{{ mark(1) }}',
        ],
    )
    def test_lets_pass(self, page: str) -> None:
        assert self.faults(page) == []

    @pytest.mark.parametrize(
        "page",
        [
            '{% from "components/cards.html" import words %}{{ words }}',
            '{% from "components/cards.html" import PLANS as there %}{{ there }}',
            '{% from "components/cards.html" import badge %}',
            '{% from "components/cards.html" import badge as mark %}{{ badge(1) }}',
        ],
    )
    def test_finds(self, page: str) -> None:
        assert len(self.faults(page)) == 1
