"""The same five steps in the words of each database that knows them."""

from collections.abc import Iterable

import sqlalchemy as sa

from .support import check_mysql, check_postgresql


class Words:
    """gid: the name of a transaction; of letters, digits and hyphens."""

    def check(self, connection: sa.Connection) -> None:
        """Raise if this server would lose what is prepared."""
        raise NotImplementedError

    def begin(self, connection: sa.Connection, gid: str) -> None:
        raise NotImplementedError

    def prepare(self, connection: sa.Connection, gid: str) -> None:
        raise NotImplementedError

    def forget(self, connection: sa.Connection, gid: str) -> None:
        """Roll back what has begun and is not prepared."""
        raise NotImplementedError

    def finish(self, connection: sa.Connection, gid: str, commit: bool) -> None:
        raise NotImplementedError

    def prepared(self, connection: sa.Connection) -> Iterable[str]:
        raise NotImplementedError


class _MySql(Words):
    def check(self, connection):
        check_mysql(connection.dialect.server_version_info, connection.dialect.is_mariadb)

    def begin(self, connection, gid):
        connection.exec_driver_sql("XA START %s", (gid,))

    def prepare(self, connection, gid):
        connection.exec_driver_sql("XA END %s", (gid,))
        connection.exec_driver_sql("XA PREPARE %s", (gid,))

    def forget(self, connection, gid):
        connection.exec_driver_sql("XA END %s", (gid,))
        connection.exec_driver_sql("XA ROLLBACK %s", (gid,))

    def finish(self, connection, gid, commit):
        connection.exec_driver_sql("XA COMMIT %s" if commit else "XA ROLLBACK %s", (gid,))

    def prepared(self, connection):
        for row in connection.exec_driver_sql("XA RECOVER").mappings():
            data = row["data"]
            yield (data.decode() if isinstance(data, bytes) else data)[: row["gtrid_length"]]


class _PostgreSql(Words):
    def check(self, connection):
        check_postgresql(int(connection.exec_driver_sql("SHOW max_prepared_transactions").scalar()))

    def begin(self, connection, gid):
        connection.exec_driver_sql("BEGIN")

    def prepare(self, connection, gid):
        connection.exec_driver_sql("PREPARE TRANSACTION %s", (gid,))

    def forget(self, connection, gid):
        connection.exec_driver_sql("ROLLBACK")

    def finish(self, connection, gid, commit):
        connection.exec_driver_sql("COMMIT PREPARED %s" if commit else "ROLLBACK PREPARED %s", (gid,))

    def prepared(self, connection):
        return connection.exec_driver_sql(
            "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
        ).scalars()


WORDS = {"mysql": _MySql(), "mariadb": _MySql(), "postgresql": _PostgreSql()}
