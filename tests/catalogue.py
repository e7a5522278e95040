"""The catalogue of the screen's words: ``python -m tests.catalogue update`` brings ``novatui.po`` up to the sources,
``compile`` makes ``novatui.mo`` of it. Babel reads and writes the file; it finds no words inside f-strings, so these are
looked for here.
"""

from __future__ import annotations

import ast
import io
import re
import struct
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import novatui
from novatui.present.phrases import recognisable

PACKAGE = Path(novatui.__file__).resolve().parent
LOCALE = "ru"
PO = PACKAGE / "locale" / LOCALE / "LC_MESSAGES" / "novatui.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2, "pgettext": 2}  # and how many of their arguments are words

# Where sentences are English for good (plans, journals, errors): the screen knows them again by their templates.
BELOW = (
    *("runbooks", "runner", "remote", "probes", "recording", "bundle"),
    *("config.py", "config_words.py", "strict.py", "paths.py", "logs.py"),
    *(
        f"demo/{name}.py"
        for name in ("addresses", "binaries", "client", "cluster", "faults", "starter", "supervisor")
    ),
)
# Calls whose words no person of the screen reads.
_UNSAID = {
    "ValueError", "RuntimeError", "AssertionError", "TypeError", "NotImplementedError", "compile", "strftime", "Command", "debug",
    "info", "warning", "exception", "startswith", "endswith", "split", "partition", "rpartition", "add_argument", "search", "match",
    "N_", "_", "ngettext", "pgettext", "any", "__repr__",
}  # fmt: skip
# FINISH.txt stays as it is; words of our own bugs; what is inside a support bundle.
_UNSAID_FILES = {"runner/byhand.py", "remote/command.py", "bundle/keeping.py"}
_CODE = re.compile(r"[\\$%\n|]|^#|^-[a-z]|^[a-z-]+ -|^<|\bmv -|echo |<\[")

_LABEL = re.compile(r"(?!None|True|False)[A-Z][a-z]+")  # of a row at the gate


def marked() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(file below the package, keyword, words) of everything between the parentheses of a keyword."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and (count := KEYWORDS.get(_called(call.func))):
                values = [arg.value for arg in call.args[:count] if isinstance(arg, ast.Constant)]
                words = [value for value in values if isinstance(value, str)]
                if len(words) == count:
                    yield path.relative_to(PACKAGE).as_posix(), _called(call.func), tuple(words)


def below() -> Iterator[tuple[str, str]]:
    """(file below the package, template) of every sentence there; an f-string's facts are named by what they are."""
    for part in BELOW:
        place = PACKAGE / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            name = path.relative_to(PACKAGE).as_posix()
            if name in _UNSAID_FILES:
                continue
            for template in _sentences(ast.parse(path.read_text("utf-8"))):
                yield name, template
    for path in sorted(
        (PACKAGE / "cli").rglob("*.py")
    ):  # of the command line's own words: why it goes no further
        for raised in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(raised, ast.Raise):
                for template in _sentences(raised):
                    yield path.relative_to(PACKAGE).as_posix(), template


def scripts() -> Iterator[tuple[str, str]]:
    """(file below the package, template) of what the scripts say in their reports, not on their error output."""
    for path in sorted((PACKAGE / "remote" / "scripts").glob("*.sh")):
        for said in _SAID.finditer(path.read_text("utf-8")):
            names = dict[str, str]()
            template = _EXPANSION.sub(partial(_shell_fact, names), said[2])
            if _is_sentence(template):
                yield path.relative_to(PACKAGE).as_posix(), template


_SAID = re.compile(
    r"""(?:say (?:unread|problem|why)|why=|result (?:none|unread)|bad) ?(["'])(.+?)\1(?=[;\s]|$)""", re.M
)
_EXPANSION = re.compile(r"\$\(\(.*?\)\)|\$\(.*?[^(]\)(?= |$|:)|\$\{?(\w+)\}?")


def _shell_fact(names: dict[str, str], found: re.Match[str]) -> str:
    name = found[1] if found[1] and not found[1].isdigit() else "fact"
    while names.setdefault(name, found[0]) != found[0]:
        name += "_"
    return f"{{{name}}}"


def _sentences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and _called(node.func) in _UNSAID:
        return
    if isinstance(node, ast.keyword) and node.arg == "name":  # of a task
        return
    if isinstance(node, ast.Compare | ast.Expr) and (
        isinstance(node, ast.Compare) or isinstance(node.value, ast.Constant)
    ):
        return
    if isinstance(node, ast.JoinedStr):
        text = _template(node)
        if _is_sentence(text):
            yield text
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _sentences(part.value)
        return
    if (
        isinstance(node, ast.Tuple)
        and len(node.elts) == 2
        and isinstance(label := node.elts[0], ast.Constant)
        and _LABEL.fullmatch(str(label.value))
        and not (isinstance(meaning := node.elts[1], ast.Constant) and " " not in str(meaning.value))
    ):
        yield str(label.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _is_sentence(node.value):
            yield node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def _is_sentence(text: str) -> bool:
    return recognisable(text) and not _CODE.search(text)


def _called(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _template(node: ast.JoinedStr) -> str:
    """``f"unit {config.etcd.unit} is masked"`` -> ``unit {unit} is masked``."""
    out, names = "", dict[str, str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            out += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            code, name = ast.unparse(part.value), _fact(part.value)
            while names.setdefault(name, code) != code:
                name += "_"
            out += f"{{{name}}}"
    return out


def _fact(value: ast.expr) -> str:
    """A name for what is filled in: the last word of the expression that says what it is."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().strip("_") or "fact"
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name.isidentifier():
            return name
        case (
            ast.Subscript(value=inner)
            | ast.IfExp(body=inner)
            | ast.UnaryOp(operand=inner)
            | ast.BinOp(left=inner)
        ):
            return _fact(inner)
        case ast.BoolOp(values=[inner, *_]):
            return _fact(inner)
        case ast.Call(
            func=ast.Attribute(attr="get" | "text" | "unit" | "partition"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return name if name.isidentifier() else "fact"
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]) | ast.Call(args=[inner, *_]):
            return _fact(inner)
        case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
            return _fact(inner)
    return "fact"


def forms(words: object) -> tuple[str, ...]:
    """The plural forms of a message's id or translation; one where there are none."""
    return tuple(map(str, words)) if isinstance(words, tuple | list) else (str(words or ""),)


def sources() -> Catalog:
    """Everything that can be said, no translations."""
    found = Catalog(locale=LOCALE, charset="utf-8")
    for name, keyword, words in marked():
        context, ids = (words[0], words[1:]) if keyword == "pgettext" else (None, words)
        found.add(ids if len(ids) > 1 else ids[0], locations=[(f"novatui/{name}", 0)], context=context)
    for name, template in (*below(), *scripts()):
        found.add(template, locations=[(f"novatui/{name}", 0)])
    return found


def read() -> Catalog:
    """The committed catalogue."""
    if not PO.exists():
        return Catalog(locale=LOCALE, charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def update() -> str:
    """The text of the catalogue with what the sources say today: what is new has no translation, what is gone goes."""
    known = read()
    wanted = sources()
    for message in wanted:
        if message.id and (before := known.get(message.id, message.context)) is not None:
            message.string = before.string
    out = io.BytesIO()
    write_po(out, wanted, width=0, omit_header=True, include_lineno=False, ignore_obsolete=True)
    return _HEADER + out.getvalue().decode("utf-8")


_HEADER = """\
# Russian words of novatui. New strings: python -m tests.catalogue update; then: python -m tests.catalogue compile
#
# One word for one thing:
#   master мастер-узел · node узел (short labels) · member участник · leader лидер · learner learner · peer сосед, остальные
#   run запуск · runner исполнитель · runbook, recovery сценарий · step шаг · gate подтверждение · guard защита, overrule снять
#   snapshot снимок · survivor уцелевшие данные · data directory директория с данными · write-ahead log журнал WAL
#   journal журнал · log of novatui лог · lease аренда (of a run), lease (of etcd) · hold запрет запуска · fence отключить
#   stage подготовить · put aside отложить · keep сохранить · take back, undo откатить · verified проверено · purge удалить
#   finding замечание · verdict вердикт · preflight проверки · quorum кворум · voter голосующий · alarm тревога
#   host key ключ узла · bastion, jump host промежуточный узел · env file env-файл · unit юнит · recording запись
#   dashboard обзор · pane панель · support bundle архив для поддержки · fault неисправность · bug of novatui ошибка novatui
# What is typed or read by a program stays as it is: keys, commands, options, yes, names of files and variables.
msgid ""
msgstr ""
"Language: ru\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

"""


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it, the same bytes from the same text whoever compiles it."""
    head = "".join(line[1:-3] + "\n" for line in _HEADER.splitlines() if line.startswith('"'))
    pairs = {b"": head.encode()}
    for message in catalog:
        if message.id and all(strings := forms(message.string)):
            context = f"{message.context}\4" if message.context else ""
            pairs[(context + "\0".join(forms(message.id))).encode()] = "\0".join(strings).encode()
    rows = sorted(pairs.items())
    start = 28 + 16 * len(rows)
    tables = [b"", b""]
    body = b""
    for side in (0, 1):
        for row in rows:
            tables[side] += struct.pack("<II", len(row[side]), start + len(body))
            body += row[side] + b"\0"
    return (
        struct.pack("<7I", 0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, 0)
        + tables[0]
        + tables[1]
        + body
    )


def main(words: list[str]) -> int:
    match words:
        case ["update"]:
            text = update()
            PO.parent.mkdir(parents=True, exist_ok=True)
            PO.write_text(text, "utf-8")
            missing = [message for message in read() if message.id and not all(forms(message.string))]
            print(f"{PO.name}: {len(missing)} without a translation")
            return 0
        case ["compile"]:
            MO.write_bytes(compiled(read()))
            return 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
