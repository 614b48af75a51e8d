"""What a sign-in is measured against: a route that answers a constant, and one that does the same select by the bare
driver. Served by the same granian with the same workers. The number comes in the same JSON."""

import json
import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, Response, request

SELECT = """
    SELECT p.*, a.failures, a.locked_until FROM identifiers i LEFT JOIN patrons p ON p.patron_id = i.patron_id
    LEFT JOIN day.attempts a ON a.patron_id = p.patron_id AND a.client = 'bench' WHERE i.key IN ({}, {})
"""
ANSWER = json.dumps({"authenticated": True, "standing": "active", "pin": "ok", "patron": None, "message": None})

local = threading.local()


def connect() -> Any:
    """One connection a thread, as a pool would give."""
    if not hasattr(local, "connection"):
        path = os.environ["BENCH_DATABASE"]
        if path.startswith("postgresql"):
            local.connection, local.mark = psycopg.connect(path, autocommit=True), "%s"
        else:
            local.connection, local.mark = sqlite3.connect(path, isolation_level=None), "?"
            local.connection.execute("ATTACH DATABASE ? AS day", (path.replace(".db", ".day.db"),))
    return local.connection


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/constant")
    def constant() -> Response:
        return Response(ANSWER, content_type="application/json")

    @app.post("/select")
    def select() -> Response:
        number = request.get_json()["number"]
        connection = connect()
        statement = SELECT.format(local.mark, local.mark)
        rows = connection.execute(statement, (number, f"29{number}")).fetchall()
        return Response(ANSWER if rows else "{}", content_type="application/json")

    return app
