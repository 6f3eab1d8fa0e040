"""What the kernel needs of Odoo: connections and transactions of one database."""

import threading
from collections.abc import Callable

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import connection_info_for

# The client's half of noticing a dead peer; link.py sets the server's.
_ALIVE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
}


def connector(database: str) -> Callable:
    def connect():
        _name, info = connection_info_for(database)
        return psycopg2.connect(**{**info, **_ALIVE, "application_name": "hospital_service"})

    return connect


def transactor(database: str) -> Callable:
    def transact(abandoned: threading.Event, function: Callable, *args):
        registry = Registry(database).check_signaling()
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})

            def attempt():
                result = function(env, *args)
                if abandoned.is_set():
                    raise TimeoutError("The service did not wait for this transaction")
                return result

            return retrying(attempt, env)

    return transact
