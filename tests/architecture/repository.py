"""The house rules about files: sizes, mirrored tests, vendored files, fragments, stray paths."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath as File

from jinja2 import Environment, nodes

from tests.architecture.writing import FILE_LINES_MAX, TEMPLATE_LINES_MAX

# These test no single module.
UNMIRRORED = (
    *("journeys", "architecture", "properties", "proofs", "benchmarks", "factories", "fakes"),
    "translations",
)
LICENCE = re.compile(r"\b(MIT|BSD|0BSD|ISC|Apache|MPL|OFL|CC0|Unlicense)\b")
VERSION = re.compile(r"\b\d+\.\d+(\.\d+)?\b")
# Written in two halves, so that this file does not break its own rule.
STRAY_PATH = re.compile(r"(?<![\w.\-}/])/" + r"(work|tmp)(?=[/\s\"'`),;]|$)", re.MULTILINE)
# Jinja is left out first: what stands in it may look like tags, and ids are never made of it.
JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
TABLE = re.compile(r'<table class="([^"]*)">(.*?)</table>', re.DOTALL)
COLUMNS_ON_PHONES_MAX = 4
TOKENS = File("static/css/tokens.css")
# What stands between a property and its semicolon; a selector has neither, whatever it is called.
CSS_VALUE = re.compile(r"[\w-]+\s*:\s*([^;{}]*);")
SCRIPTS_WORDS = re.compile(r"""["'`]([^"'`\n]*)["'`]""")
COLOUR = re.compile(
    r"(?<![\w&-])#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})(?![\w-])"
    r"|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|light-dark)\("
    r"|(?<![\w-])(?:white|black|gr[ae]y|silver|red|maroon|orange|yellow|olive|green|lime|teal|aqua"
    r"|cyan|blue|navy|indigo|violet|purple|fuchsia|magenta|pink|brown|gold)(?![\w-])",
    re.IGNORECASE,
)
# The macros for them stand in the components; a program of its own, the sandbox has its own parts.
PART = re.compile(
    r'class="(?:card|card-head|card-foot|stat-more|badge|meter|empty|steps|toasts?|dialog)[ "]'
)
ROOT_CARD = re.compile(r'{% call card_box\([^%]*?\bid="([^"]*)"[^%]*%}')
ROOT_TAG = re.compile(r"<([a-z][a-z0-9-]*)(\s[^<>]*)?>")


def files_are_short(file: File, text: str) -> Iterator[str]:
    """Code has at most 400 lines in a file, a template 150."""
    if file.parts[:2] == ("static", "vendor") or file.parts[:1] == ("migrations",):
        return
    most = {".py": FILE_LINES_MAX, ".js": FILE_LINES_MAX, ".css": FILE_LINES_MAX}.get(file.suffix)
    if file.parts[0] == "templates":
        most = TEMPLATE_LINES_MAX
    lines = len(text.splitlines())
    if most is not None and lines > most:
        yield f"{file} has {lines} lines, more than {most}"


def no_path_of_a_machine(file: File, text: str) -> Iterator[str]:
    """Nothing in the repository names a folder of the machine it was written on."""
    for number, line in enumerate(text.splitlines(), start=1):
        if STRAY_PATH.search(line):
            yield f"{file}:{number} names a path of one machine: {line.strip()}"


def colours_stand_with_the_tokens(file: File, text: str) -> Iterator[str]:
    """A style sheet names its colours, and a script reads them: what they are, the tokens say."""
    values = {".css": CSS_VALUE, ".js": SCRIPTS_WORDS}.get(file.suffix)
    is_ours = file.parts[0] == "static" and "vendor" not in file.parts and file != TOKENS
    for value in values.finditer(text) if values is not None and is_ours else ():
        for colour in COLOUR.finditer(value[1]):
            line = text.count("\n", 0, value.start(1) + colour.start()) + 1
            yield f"{file}:{line} has a colour of its own: {value[1].strip()}"


def words_are_whole(file: File, text: str) -> Iterator[str]:
    """No style sheet cuts words off: on a phone nothing tells the rest of them."""
    if file.suffix == ".css" and file.parts[:2] == ("static", "css"):
        for number, line in enumerate(text.splitlines(), start=1):
            if "text-overflow" in line or "line-clamp" in line:
                yield f"{file}:{number} cuts words off: {line.strip()}"


def tests_mirror_modules(files: Iterable[File]) -> Iterator[str]:
    """tests/x/test_y.py is about app/x/y.py, or about tests/x/y.py.

    A long subject may have several files: test_y_<aspect>.py is about y too.
    """
    known = set(files)
    for file in sorted(known):
        is_test = file.parts[0] == "tests" and file.match("test_*.py")
        mirrors = is_test and not set(UNMIRRORED) & set(file.parts[1:-1])
        if mirrors and not any(_is_known(subject, known) for subject in _subjects_of(file)):
            yield f"{file} is about no module"


def _subjects_of(file: File) -> Iterator[File]:
    words = file.stem.removeprefix("test_").split("_")
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count])
        for top in ("app", "tests"):
            yield File(top, *file.parts[1:-1], name)
    # The migrations stand beside app/, and app itself at the top.
    yield File(words[0])


def _is_known(subject: File, known: set[File]) -> bool:
    # A package is known by what stands in it.
    return subject.with_suffix(".py") in known or any(subject in file.parents for file in known)


def vendored_files_are_listed(files: Mapping[File, bytes], listing: str) -> Iterator[str]:
    """Each file under static/vendor has a line with its version, licence and checksum."""
    lines = listing.splitlines()
    for file, content in sorted(files.items()):
        digest = hashlib.sha256(content).hexdigest()
        line = next((line for line in lines if _names(line, file)), None)
        if line is None:
            yield f"{file} is not listed"
        elif digest not in line:
            yield f"{file} is not the file that was listed: its SHA-256 is {digest}"
        else:
            without_digest = line.replace(digest, "")
            if not VERSION.search(without_digest) or not LICENCE.search(without_digest):
                yield f"{file} is listed without version or licence"
    listed = sum(bool(re.search(r"\b[0-9a-f]{64}\b", line)) for line in lines)
    if listed > len(files):
        yield "a file is listed that is not there"


def _names(line: str, file: File) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(str(file))}(?![\w/-])", line) is not None


def fragments_can_be_swapped(templates: Mapping[File, str]) -> Iterator[str]:
    """A fragment `_name.html` has one root with an id named after it, and a page includes it."""
    for file, text in sorted(templates.items()):
        if file.name.startswith("_") and file.parts[0] in ("web", "operator"):
            name = file.stem.removeprefix("_").replace("_", "-")
            # A card may be the root: then its call names the id.
            root = ROOT_TAG.search(JINJA.sub("", ROOT_CARD.sub(r'<section id="\1">', text)))
            root_id = re.search(r'\bid="([^"]*)"', root[2] or "") if root else None
            if root_id is None or not root_id[1].endswith(name):
                yield f"{file} has no root with an id that ends in {name}"
            if not any(f'"{file}"' in other for other in templates.values()):
                yield f"{file} is included nowhere"


def parts_stand_once(templates: Mapping[File, str]) -> Iterator[str]:
    """What the components have a macro for is written in no template beside them."""
    for file, text in sorted(templates.items()):
        if file.parts[0] in ("web", "layouts"):
            for found in PART.finditer(text):
                yield f"{file} writes a part of its own: {found[0]}"


def wide_tables_fold(templates: Mapping[File, str]) -> Iterator[str]:
    """A table of more than four columns stands row by row on phones: nothing is cut off there."""
    for file, text in sorted(templates.items()):
        for table in TABLE.finditer(text) if file.parts[0] in ("web", "components") else ():
            columns = table[2].count('<th scope="col"')
            if columns > COLUMNS_ON_PHONES_MAX and "table-stacked" not in table[1]:
                yield f"{file} has a table of {columns} columns that does not fold"


def templates_import_what_is_there(templates: Mapping[File, str]) -> Iterator[str]:
    """Each name that a template imports stands in the other one, and is used."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    trees = {str(file): environment.parse(text) for file, text in sorted(templates.items())}
    for file, tree in trees.items():
        used = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
        for imported in tree.find_all(nodes.FromImport):
            assert isinstance(imported.template, nodes.Const)
            given = _names_given(trees[imported.template.value])
            # An alias stands as a pair; without one the name stands alone.
            for pair in imported.names:
                name, called = (pair, pair) if isinstance(pair, str) else pair
                if name not in given:
                    yield f"{file} imports {name}, which {imported.template.value} does not have"
                if called not in used:
                    yield f"{file} imports {called} and does not use it"


def _names_given(tree: nodes.Template) -> set[str]:
    given = {statement.name for statement in tree.body if isinstance(statement, nodes.Macro)}
    for statement in tree.body:
        if isinstance(statement, nodes.Assign) and isinstance(statement.target, nodes.Name):
            given.add(statement.target.name)
    return given
