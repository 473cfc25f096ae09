"""
The limits of the house, kept by the machine: sizes, imports, time, money, commits, words.

An exemption is a line in EXEMPT with its reason; an exemption that is no longer needed fails.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 350
TEMPLATE_LINES = 200
FUNCTION_LINES = 50
POSITIONAL = 5

# (file, rule, what) → the reason why it may
EXEMPT: dict[tuple[str, str, str], str] = {
    ("busops/clock.py", "asks the machine for the time", "now"): "the one place that may",
}

type_name = ast.FunctionDef | ast.AsyncFunctionDef
Fault = tuple[str, str, str]


def ours(*patterns: str, under: tuple[str, ...] = ("busops", "tests", "templates", "data")) -> list[Path]:
    """The files of the project that match, fetched and made ones left out."""
    found = [path for top in under for pattern in patterns for path in (ROOT / top).rglob(pattern)]
    found += [path for pattern in patterns for path in ROOT.glob(pattern)]
    return sorted(path for path in found if "vendor" not in path.parts and "__pycache__" not in path.parts)


PYTHON = ours("*.py")


def name_of(path: Path) -> str:
    """The file's path as the exemptions write it."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[type_name]:
    """Every function of a module, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, type_name))


def size_faults(path: Path, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Files and functions that have grown too long, and functions with too many positional parameters."""
    name = name_of(path)
    if len(text.splitlines()) > FILE_LINES and "migrations" not in path.parts:
        yield name, f"more than {FILE_LINES} lines", str(len(text.splitlines()))
    for function in functions(tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES and "migrations" not in path.parts:
            yield name, f"function of more than {FUNCTION_LINES} lines", function.name
        given = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if len([one for one in given if one not in {"self", "cls"}]) > POSITIONAL:
            yield name, f"more than {POSITIONAL} positional parameters", function.name


def import_faults(path: Path, tree: ast.Module, _text: str) -> Iterator[Fault]:
    """Imports that hide inside a function."""
    for function in functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield name_of(path), "import inside a function", function.name


def time_faults(path: Path, tree: ast.Module, _text: str) -> Iterator[Fault]:
    """Times without a zone, and times that were not asked of the injected clock."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = ast.unparse(node.func.value).rpartition(".")[2]
        if node.func.attr in {"now", "utcnow", "today"} and owner in {"datetime", "date"}:
            yield name_of(path), "asks the machine for the time", node.func.attr
        if owner == "time" and node.func.attr in {"time", "time_ns"} and path.is_relative_to(ROOT / "busops"):
            yield name_of(path), "asks the machine for the time", node.func.attr


def commit_faults(path: Path, tree: ast.Module, _text: str) -> Iterator[Fault]:
    """Commits anywhere but in the one transaction."""
    name = name_of(path)
    if name == "busops/storage/database.py" or not name.startswith("busops/"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield name, "commits outside transaction()", ast.unparse(node.func)


def money_faults(path: Path, tree: ast.Module, _text: str) -> Iterator[Fault]:
    """Floating point where money is."""
    if not path.is_relative_to(ROOT / "busops" / "finance"):
        return
    for node in ast.walk(tree):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_name = isinstance(node, ast.Name) and node.id in {"float", "Decimal"}
        is_division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if is_float or is_name or is_division:
            yield name_of(path), "floating point near money", ast.unparse(node)


def docstring_faults(path: Path, tree: ast.Module, _text: str) -> Iterator[Fault]:
    """Modules and public functions that do not say what they are for."""
    name = name_of(path)
    empty = not tree.body
    if not empty and name != "wsgi.py" and "migrations" not in path.parts and not ast.get_docstring(tree):
        yield name, "module without a docstring", ""
    if not name.startswith("tests/"):
        return
    for function in functions(tree):
        if function.name.startswith("test_") and not ast.get_docstring(function):
            yield name, "test that does not say what it establishes", function.name


RULES = (
    size_faults,
    import_faults,
    time_faults,
    commit_faults,
    money_faults,
    docstring_faults,
)


def all_faults() -> list[Fault]:
    """Every fault of every Python file."""
    faults: list[Fault] = []
    for path in PYTHON:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        for rule in RULES:
            faults += rule(path, tree, text)
    return faults


def test_the_limits_are_kept() -> None:
    """No file breaks a limit without a reason in EXEMPT."""
    faults = [fault for fault in all_faults() if fault not in EXEMPT]
    assert not faults, "\n" + "\n".join(": ".join(filter(None, fault)) for fault in faults)


def test_no_exemption_outlives_its_need() -> None:
    """Every exemption is still needed."""
    assert not set(EXEMPT) - set(all_faults())


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("def f(a, b, c, d, e, g):\n    '''x'''", size_faults),
        ("def f():\n" + "    pass\n" * 60, size_faults),
        ("x = 1\n" * 351, size_faults),
        ("def f():\n    import os", import_faults),
        ("import datetime\nx = datetime.datetime.now()", time_faults),
        ("def f(s):\n    s.session.commit()", commit_faults),
        ("x = 1 / 3", money_faults),
        ("x = float('1')", money_faults),
        ("x = 0.1", money_faults),
        ("x = 1", docstring_faults),
    ],
)
def test_each_rule_finds_its_fault(source: str, rule: object) -> None:
    """The rules bite: a planted fault of each kind is found."""
    path = ROOT / "busops" / "finance" / "planted.py"
    assert list(rule(path, ast.parse(source), source))


@pytest.mark.parametrize(("pattern", "limit"), [("*.html", TEMPLATE_LINES), ("*.js", FILE_LINES)])
def test_pages_and_scripts_stay_short(pattern: str, limit: int) -> None:
    """Templates and browser modules keep their own limits."""
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in ours(pattern)}
    assert not {name: size for name, size in sizes.items() if size > limit}


TEXTS = (
    "*.py",
    "*.html",
    "*.js",
    "*.mjs",
    "*.css",
    "*.toml",
    "*.po",
    "*.md",
    "*.sql",
    "*.yaml",
    "*.txt",
    "*.json",
)
# Spelt in two halves, so that the rule does not find itself.
FORBIDDEN = {
    "work left undone": re.compile(r"\b(?:TO" + "DO|FIX" + r"ME|XX" + r"X)\b"),
    "a path of one machine": re.compile(
        r"(?<![\w.])/(?:ho" + r"me/\w|Us" + r"ers/\w|wo" + r"rk/\w|ro" + r"ot/\w)"
    ),
    "a package index by name": re.compile(r"py" + r"pi\.org|registry\.np" + r"mjs|files\.python" + "hosted"),
    "banner": re.compile(r"^\s*(?:#|//|/\*)\s*[-=*#]{6,}", re.MULTILINE),
    "type: ignore without a code": re.compile(r"#\s*type:\s*ig" + r"nore(?!\[)"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_texts_hold_nothing_that_belongs_elsewhere(what: str) -> None:
    """No unfinished work, no machine's paths, no hosts, no banners in anything that is committed."""
    pattern = FORBIDDEN[what]
    roots = ("busops", "tests", "templates", "data", "docs", "requirements")
    found = [
        f"{name_of(path)}: {match.group()}"
        for path in ours(*TEXTS, under=roots)
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found


def test_wsgi_stays_two_lines() -> None:
    """wsgi.py imports the factory and calls it, nothing else."""
    assert len((ROOT / "wsgi.py").read_text(encoding="utf-8").split("\n")) <= 4
