"""Many rows at once, the fastest way each database has: executemany on SQLite, COPY on PostgreSQL."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

from access_service.storage.engine import refused

BATCH = 10_000

Row = Sequence[Any]


def insert(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows whose values stand in the order of `columns`. Dates are ISO text. The caller owns the transaction."""
    _load(connection, _name(table), columns, rows)


def update(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Set the other columns of the rows whose key is in the first of `columns`."""
    name, key, *others = _name(table), *columns
    staged = _stage(connection, table, columns, rows)
    assignments = ", ".join(f"{column} = {staged}.{column}" for column in others)
    connection.exec_driver_sql(f"UPDATE {name} SET {assignments} FROM {staged} WHERE {name}.{key} = {staged}.{key}")  # noqa: S608 - names from tables
    connection.exec_driver_sql(f"DROP TABLE {staged}")


def delete(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Delete the rows that agree in all of `columns`."""
    name, listed = _name(table), ", ".join(columns)
    staged = _stage(connection, table, columns, rows)
    connection.exec_driver_sql(f"DELETE FROM {name} WHERE ({listed}) IN (SELECT {listed} FROM {staged})")  # noqa: S608 - names from tables
    connection.exec_driver_sql(f"DROP TABLE {staged}")


def _stage(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> str:
    staged = f"staged_{table.name}"
    listed = ", ".join(columns)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {staged} AS SELECT {listed} FROM {_name(table)} LIMIT 0")  # noqa: S608 - names from tables
    _load(connection, staged, columns, rows)
    return staged


def _load(connection: Connection, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    listed = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        statement = f"COPY {name} ({listed}) FROM STDIN"
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.Error as error:
            raise refused(connection, statement, error) from error
        return
    statement = f"INSERT INTO {name} ({listed}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names from tables
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        connection.exec_driver_sql(statement, batch)


def _name(table: Table) -> str:
    return f"{table.schema}.{table.name}" if table.schema else table.name
