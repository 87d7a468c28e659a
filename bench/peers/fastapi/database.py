"""The database, with a new connection for each request: that is the design, and a pool would be another one.

The design's own driver is not in Debian; this one is written in C too, so connecting costs Python little.
"""

import os
from contextlib import contextmanager

import MySQLdb

_where = {
    "host": os.environ["DB_HOST"],
    "port": int(os.environ["DB_PORT"]),
    "user": os.environ["DB_USER"],
    "passwd": os.environ["DB_PASSWORD"],
    "db": os.environ["DB_NAME"],
    "charset": "utf8mb4",
}


@contextmanager
def cursor():
    """Commits at the end; what raises is rolled back by the server when the connection is closed."""
    connection = MySQLdb.connect(**_where)
    try:
        with connection.cursor() as c:
            yield c
        connection.commit()
    finally:
        connection.close()
