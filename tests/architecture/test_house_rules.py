"""The house rules that a machine can check, held against the code as it is."""

import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy.orm import configure_mappers

import app.domain.tables
from app.foundation.database import Base
from tests.architecture import repository, rules, writing
from tests.architecture.source import ROOT, modules_of_the_app, tracked_files

FRAMEWORK = {
    *sys.stdlib_module_names,
    *("app", "flask", "flask_login", "flask_wtf", "wtforms", "werkzeug", "jinja2", "markupsafe"),
    *(
        "flask_babel",
        "flask_sqlalchemy",
        "flask_migrate",
        "alembic",
        "sqlalchemy",
        "msgspec",
        "click",
    ),
    # No service's kit but a box of tools: signatures of PayPal's here, seals of our own there.
    "cryptography",
}
MODULES = modules_of_the_app()
MODULE_RULES = [
    rules.imports_point_down,
    rules.subjects_lean_on_lower_ones,
    rules.files_of_a_subject_keep_their_order,
    rules.doors_do_not_know_each_other,
    rules.imports_stand_at_the_top,
    rules.only_the_transaction_commits,
    rules.transactions_begin_at_the_edge,
    rules.only_the_clock_tells_the_time,
    rules.rules_are_pure,
    rules.the_core_knows_no_web_and_no_network,
    rules.entrypoints_do_not_query,
    rules.routes_are_short,
    rules.refusals_are_translated_in_one_place,
    rules.amounts_are_never_floats,
    rules.now_is_a_keyword,
    writing.functions_are_short,
    writing.modules_say_what_they_are_for,
    writing.names_mean_something,
    writing.functions_name_what_they_take,
]


def report(violations: Iterator[str]) -> None:
    found = list(violations)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", MODULE_RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule) -> None:
    report(violation for module in MODULES for violation in rule(module))


def test_no_import_runs_in_a_circle() -> None:
    report(rules.no_import_runs_in_a_circle(MODULES))


def test_each_sdk_stands_in_one_file() -> None:
    report(rules.each_sdk_stands_in_one_file(MODULES, framework=FRAMEWORK))


class TestTables:
    def test_relationships_never_load_behind_our_back(self) -> None:
        configure_mappers()
        for mapper in Base.registry.mappers:
            for relationship in mapper.relationships:
                assert relationship.lazy == "raise", f"{mapper.class_.__name__}.{relationship.key}"

    def test_constraints_have_names(self) -> None:
        for table in Base.metadata.sorted_tables:
            for rule in (*table.constraints, *table.indexes):
                assert rule.name, f"{table.name} has a {type(rule).__name__} without a name"

    def test_every_subject_with_models_is_listed(self) -> None:
        subjects = {path.parent.name for path in (ROOT / "app/domain").glob("*/models.py")}
        assert subjects <= set(app.domain.tables.__all__)

    def test_every_table_of_the_foundation_is_listed(self) -> None:
        tables = {path.stem for path in (ROOT / "app/foundation").glob("*.py") if has_table(path)}
        assert tables <= set(app.domain.tables.__all__)


def has_table(path: Path) -> bool:
    return "__tablename__" in path.read_text(encoding="utf-8")


class TestFiles:
    @pytest.mark.parametrize(
        "rule",
        [
            repository.files_are_short,
            repository.no_path_of_a_machine,
            repository.colours_stand_with_the_tokens,
            repository.words_are_whole,
        ],
    )
    def test_every_file_keeps_the_rule(self, rule) -> None:
        report(violation for file, text in texts() for violation in rule(file, text))

    def test_tests_mirror_modules(self) -> None:
        report(repository.tests_mirror_modules(relative(path) for path in tracked_files()))

    def test_vendored_files_are_what_is_listed(self) -> None:
        folder = ROOT / "static/vendor"
        listing = folder / "README.md"
        files = {
            PurePosixPath(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path != listing
        }
        listed = listing.read_text(encoding="utf-8") if listing.exists() else ""
        report(repository.vendored_files_are_listed(files, listed))

    def test_fragments_can_be_swapped(self) -> None:
        report(repository.fragments_can_be_swapped(templates()))

    def test_wide_tables_fold(self) -> None:
        report(repository.wide_tables_fold(templates()))

    def test_parts_stand_once(self) -> None:
        report(repository.parts_stand_once(templates()))

    def test_templates_import_what_is_there(self) -> None:
        report(repository.templates_import_what_is_there(templates()))


def templates() -> dict[PurePosixPath, str]:
    folder = ROOT / "templates"
    return {
        PurePosixPath(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.*")
        if path.suffix in (".html", ".txt")
    }


def relative(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT))


def texts() -> Iterator[tuple[PurePosixPath, str]]:
    for path in tracked_files():
        try:
            yield relative(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font has no lines
