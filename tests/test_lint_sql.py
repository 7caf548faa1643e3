"""The project's rules for SQL, one case per file. Those of sqlfluff are in `make lint`."""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from pglast import ast, enums
from pglast.parser import ParseError

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.sql_files import ROOT, SqlFile, Statement, language_of, options_of, sql_files

Objects = enums.ObjectType

try:
    FILES = sql_files()
except FdwarehouseError:
    FILES = []  # test_project_renders reports the cause

NO_DATA_AT_STAKE = (
    ast.CreateFunctionStmt,
    ast.ViewStmt,
    ast.CommentStmt,
    ast.GrantStmt,
)

# Objects that can have a comment, and the part of the statement with their name.
NAME_OF: dict[type, Callable[[Any], object]] = {
    ast.CreateStmt: lambda tree: tree.relation,
    ast.CreateForeignTableStmt: lambda tree: tree.base.relation,
    ast.ViewStmt: lambda tree: tree.view,
    ast.CompositeTypeStmt: lambda tree: tree.typevar,
    ast.CreateEnumStmt: lambda tree: tree.typeName,
    ast.CreateDomainStmt: lambda tree: tree.domainname,
    ast.CreateSchemaStmt: lambda tree: (ast.String(tree.schemaname),),
}


def every_file(*kinds: str) -> pytest.MarkDecorator:
    cases = [file for file in FILES if file.kind in kinds]
    return pytest.mark.parametrize("file", cases, ids=str)


def routines(file: SqlFile) -> Iterator[tuple[Statement, str]]:
    """Yield the permanent routines that a file creates, with their names."""
    for statement in file.statements:
        if isinstance(statement.tree, ast.CreateFunctionStmt):
            name = dotted(statement.tree.funcname)
            if not name.startswith("pg_temp."):
                yield statement, name


def dotted(name: object) -> str:
    """Write a name of the syntax tree, of any kind, as schema.object."""
    if isinstance(name, ast.RangeVar):
        return f"{name.schemaname}.{name.relname}"
    if isinstance(name, ast.ObjectWithArgs):
        return dotted(name.objname)
    if isinstance(name, ast.TypeName):
        return dotted(name.names)
    if isinstance(name, ast.String):
        return str(name.sval)
    assert isinstance(name, tuple), name
    return ".".join(part.sval for part in name)


def created(file: SqlFile) -> Iterator[str]:
    """Yield all that must have a comment: schemas, tables, columns, views, types, routines."""
    yield from (name for _, name in routines(file))
    for tree in (statement.tree for statement in file.statements):
        if type(tree) in NAME_OF:
            yield dotted(NAME_OF[type(tree)](tree))
        for table, column in columns(tree):
            yield f"{dotted(table)}.{column}"


def columns(tree: Any) -> Iterator[tuple[ast.RangeVar, str]]:
    """Yield the columns that a statement creates, with their table."""
    if isinstance(tree, ast.CreateStmt):
        for element in tree.tableElts or ():
            if isinstance(element, ast.ColumnDef):
                yield cast(ast.RangeVar, tree.relation), str(element.colname)
    elif isinstance(tree, ast.AlterTableStmt):
        for command in tree.cmds or ():
            if command.subtype == enums.AlterTableType.AT_AddColumn:
                yield cast(ast.RangeVar, tree.relation), str(command.def_.colname)


def test_project_renders() -> None:
    assert render_project(ROOT).files


@every_file("versioned", "repeatable", "deploy", "script")
def test_postgresql_can_parse_it(file: SqlFile) -> None:
    try:
        assert file.statements
    except ParseError as error:
        pytest.fail(str(error))


@every_file("versioned")
def test_versioned_sql_makes_nothing_repeatable(file: SqlFile) -> None:
    repeatable = (
        ast.CreateFunctionStmt,
        ast.ViewStmt,
        ast.CreateTrigStmt,
        ast.CreateForeignTableStmt,
    )
    wrong = [s.line for s in file.statements if isinstance(s.tree, repeatable)]
    assert not wrong, f"routines, views and triggers belong into sql/, see line {wrong}"


@every_file("repeatable")
def test_repeatable_sql_makes_one_object_named_as_its_file(file: SqlFile) -> None:
    wrong = [s.line for s in file.statements if not isinstance(s.tree, NO_DATA_AT_STAKE)]
    assert not wrong, f"tables and their rows belong into migrations/, see line {wrong}"
    views = [dotted(s.tree.view) for s in file.statements if isinstance(s.tree, ast.ViewStmt)]
    assert [*(name for _, name in routines(file)), *views] == [file.creates]


@every_file("deploy")
def test_rest_of_a_deploy_keeps_the_data(file: SqlFile) -> None:
    for statement in file.statements:
        tree = statement.tree
        where = f"line {statement.line}"
        assert not isinstance(tree, ast.TruncateStmt | ast.RenameStmt), where
        if isinstance(tree, ast.DropStmt):
            assert tree.removeType in (Objects.OBJECT_FOREIGN_TABLE, Objects.OBJECT_VIEW), where
        if isinstance(tree, ast.CreateStmt | ast.IndexStmt):
            foreign = isinstance(tree, ast.CreateForeignTableStmt)
            assert foreign or tree.if_not_exists, f"{where}: IF NOT EXISTS is missing"
        if isinstance(tree, ast.AlterTableStmt):
            for command in tree.cmds or ():
                adds = command.subtype == enums.AlterTableType.AT_AddColumn
                keeps = adds and command.missing_ok
                assert keeps, f"{where}: only ADD COLUMN IF NOT EXISTS"


@every_file("repeatable", "deploy")
def test_routine_fixes_its_search_path_or_says_why_not(file: SqlFile) -> None:
    for statement, name in routines(file):
        options = [option for option in statement.tree.options if option.defname == "set"]
        fixed = any(option.arg.name == "search_path" for option in options)
        definer = "security" in options_of(statement.tree)
        if language_of(statement.tree) == "plpgsql" or definer:
            explained = re.search(r"(?m)--.*search_path", statement.text)
            assert fixed or explained, f"{name}: SET search_path, or a comment that says why not"


@every_file("repeatable")
def test_security_definer_has_a_written_reason(file: SqlFile) -> None:
    for statement, name in routines(file):
        security = options_of(statement.tree).get("security")
        if security is not None and security.boolval:
            reason = re.search(r"SECURITY DEFINER[^\n]*-- *\w+", statement.text)
            assert reason, f"{name}: write the reason beside it: SECURITY DEFINER -- ..."


@every_file("versioned", "repeatable", "deploy")
def test_everything_created_is_described(file: SqlFile) -> None:
    # A migration is never edited: what it left without a comment, a later one describes.
    describing = [f for f in FILES if f.kind == "versioned"] if file.kind == "versioned" else [file]
    comments = {
        dotted(s.tree.object)
        for each in describing
        for s in each.statements
        if isinstance(s.tree, ast.CommentStmt)
    }
    missing = sorted(set(created(file)) - comments)
    assert not missing, f"COMMENT ON is missing for {', '.join(missing)}"
