"""How SQLite says what the renderer means."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from osimages.plan.expressions import TextMatch
from osimages.storage.render import Renderer
from osimages.storage.tables import EntityTables

_PLUS = custom_op[Any]("+")


class SqliteRenderer(Renderer):
    """SQL text with named parameters, as apsw takes it."""

    def __init__(self, tables: EntityTables) -> None:
        super().__init__(tables, sqlite_dialect(paramstyle="named"))

    def item_column(self, column: ColumnElement[Any], correlated: bool) -> ColumnElement[Any]:
        """A unary plus keeps SQLite from the index over values where the few items of one entity are asked.

        Without statistics its planner would read all items that match, again for every entity.
        https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
        """
        return UnaryExpression(column, operator=_PLUS, type_=column.type) if correlated else column

    def text_match(
        self, function: TextMatch, text: ColumnElement[Any], pattern: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """substr and instr compare characters as they are; LIKE would fold case and give `%` and `_` a meaning."""
        if function is TextMatch.CONTAINS:
            return func.instr(text, pattern) > literal_column("0")
        length = func.length(pattern)
        if function is TextMatch.STARTSWITH:
            return func.substr(text, literal_column("1"), length) == pattern
        ends = func.substr(text, -length) == pattern
        return or_(length == literal_column("0"), and_(func.length(text) >= length, ends))
