"""What holds between the tables whenever nobody is writing, whatever was killed before."""
# ruff: noqa: S608 - queries made of the parts below

from typing import Any

from sqlalchemy import Connection

APPLIED = "('applied', 'held_in_part', 'same_students')"
PUBLISHED = f"SELECT 1 FROM runs a WHERE a.outcome IN {APPLIED} AND a.run_id ="


def _one(kind: str) -> str:
    return f"(SELECT patron_id FROM identifiers WHERE kind = '{kind}' GROUP BY patron_id HAVING count(*) = 1)"


# Each finds nothing.
BROKEN = {
    "who is here is not seen": "SELECT patron_id FROM patrons p WHERE presence <> 'left' AND NOT EXISTS (SELECT 1 FROM"
    " seen s WHERE s.district = p.district AND s.source_id = p.source_id AND s.patron_id = p.patron_id)",
    "who is seen is not here": "SELECT patron_id FROM seen s WHERE NOT EXISTS (SELECT 1 FROM"
    " patrons p WHERE p.patron_id = s.patron_id AND p.source_id = s.source_id AND p.presence <> 'left')",
    "here without a student number": "SELECT patron_id FROM patrons WHERE presence <> 'left'"
    f" AND patron_id NOT IN {_one('student_number')}",
    "without a library number": f"SELECT patron_id FROM patrons WHERE patron_id NOT IN {_one('library_number')}",
    "a number of nobody": "SELECT key, kind FROM identifiers i WHERE kind <> 'contested' AND NOT EXISTS"
    " (SELECT 1 FROM patrons p WHERE p.district = i.district AND p.patron_id = i.patron_id)",
    "a contested number that is somebody's": "SELECT key FROM identifiers"
    " WHERE (kind = 'contested') <> (patron_id = 0)",
    "a student number of two": "SELECT district, key FROM identifiers WHERE kind = 'student_number'"
    " GROUP BY district, key HAVING count(*) > 1",
    "a linked card and no link": "SELECT key, patron_id FROM identifiers i WHERE kind = 'linked_card' AND NOT EXISTS"
    " (SELECT 1 FROM ils_matches m WHERE m.patron_id = i.patron_id AND m.state = 'linked')",
    "a link and no linked card": "SELECT number, patron_id FROM ils_matches m WHERE state = 'linked' AND NOT EXISTS"
    " (SELECT 1 FROM identifiers i WHERE i.patron_id = m.patron_id AND i.kind = 'linked_card')",
    "another population than is seen": "SELECT district FROM district_state d"
    " WHERE population <> (SELECT count(*) FROM seen s WHERE s.district = d.district)",
    "seen, and no state": "SELECT district FROM seen s WHERE NOT EXISTS"
    " (SELECT 1 FROM district_state d WHERE d.district = s.district)",
    "a state of no applied run": "SELECT district FROM district_state d WHERE NOT EXISTS"
    f" ({PUBLISHED} d.applied_run AND a.district = d.district)",
    "a change by no applied run": f"SELECT run_id, patron_id FROM changes c WHERE NOT EXISTS ({PUBLISHED} c.run_id)",
    "a change of nobody": "SELECT run_id, patron_id FROM changes c WHERE NOT EXISTS"
    " (SELECT 1 FROM patrons p WHERE p.patron_id = c.patron_id)",
    "made by no applied run": f"SELECT patron_id FROM patrons p WHERE NOT EXISTS ({PUBLISHED} p.created_run)",
    "an applied run that kept no state": f"SELECT run_id FROM runs r WHERE outcome IN {APPLIED}"
    " AND NOT EXISTS (SELECT 1 FROM states_before b WHERE b.run_id = r.run_id)",
    "a state kept by no applied run": f"SELECT run_id FROM states_before b WHERE NOT EXISTS ({PUBLISHED} b.run_id)",
    "under way, and another began since": "SELECT run_id FROM runs r WHERE outcome = 'running' AND EXISTS"
    " (SELECT 1 FROM runs o WHERE o.district = r.district AND o.run_id > r.run_id)",
    "ended without a time, or not ended with one": "SELECT run_id FROM runs"
    " WHERE (outcome = 'running') <> (finished_at IS NULL)",
    "undone by no applied run": "SELECT run_id FROM runs r WHERE undone_by IS NOT NULL AND NOT EXISTS"
    f" ({PUBLISHED} r.undone_by)",
    "a PIN that waits, of nobody who is here": "SELECT patron_id FROM ils_pins i WHERE NOT EXISTS"
    " (SELECT 1 FROM patrons p WHERE p.patron_id = i.patron_id AND p.presence <> 'left')",
    "a PIN that waits, though the ILS has the account": "SELECT i.patron_id FROM ils_pins i"
    " JOIN ils_accounts a ON a.patron_id = i.patron_id WHERE a.made AND a.told <> '{}'",
    "two PINs of one patron": "SELECT i.patron_id FROM ils_pins i JOIN patrons p ON p.patron_id = i.patron_id"
    " WHERE p.pin_digest IS NOT NULL OR p.chosen_hash IS NOT NULL",
    "blocked, and nobody says why, or not blocked, and somebody does": "SELECT patron_id FROM patrons p"
    " WHERE (blocked_until IS NOT NULL) <> EXISTS (SELECT 1 FROM blocks b WHERE b.patron_id = p.patron_id)",
    "a note on nobody": "SELECT note FROM notes n WHERE NOT EXISTS"
    " (SELECT 1 FROM patrons p WHERE p.patron_id = n.patron_id AND p.district = n.district)",
    "an account of nobody": "SELECT patron_id FROM ils_accounts a WHERE NOT EXISTS"
    " (SELECT 1 FROM patrons p WHERE p.patron_id = a.patron_id AND p.district = a.district)",
    "an account that was told and never made": "SELECT patron_id FROM ils_accounts WHERE told <> '{}' AND load = 0",
    "an account by a load that there is not": "SELECT patron_id FROM ils_accounts a WHERE load > 0 AND NOT EXISTS"
    " (SELECT 1 FROM ils_loads l WHERE l.district = a.district AND l.number = a.load)",
    "two loads to be delivered": "SELECT district FROM ils_loads WHERE state = 'ready'"
    " GROUP BY district HAVING count(*) > 1",
    "a load behind one that is to be delivered": "SELECT l.district, l.number FROM ils_loads l JOIN ils_loads r"
    " ON r.district = l.district AND r.state = 'ready' AND l.number > r.number",
    "orders of a load that was delivered, or none of one that was not": "SELECT district, number FROM ils_loads"
    " WHERE (state = 'ready') <> (sealed IS NOT NULL)",
    "an id that will be given again": "SELECT patron_id FROM patrons WHERE patron_id >="
    " (SELECT next FROM counters WHERE name = 'patron_id')",
}


def consistent(connection: Connection) -> None:
    """Fail with what is broken, and some of its keys."""
    found: dict[str, Any] = {}
    for what, statement in BROKEN.items():
        if rows := connection.exec_driver_sql(statement).fetchmany(5):
            found[what] = [tuple(row) for row in rows]
    assert not found, found


# In place of ids, which a run that was killed uses up: the source id, and how many runs were applied before.
SAME = {
    "patrons": "SELECT source_id, role, student_number, library_number, patron_type, profile, branch, school, grade,"
    " given_name, family_name, expires, presence, left_on IS NULL, pin_key, pin_digest IS NULL FROM patrons",
    "identifiers": "SELECT key, kind, source_id FROM identifiers i LEFT JOIN patrons p ON p.patron_id = i.patron_id",
    "seen": "SELECT s.source_id, fingerprint, missed, absent_since IS NULL, marks FROM seen s"
    " JOIN patrons p ON p.patron_id = s.patron_id",
    "district_state": "SELECT district, basis, file_sha256, file_size, content, population, seen_at, profile"
    " FROM district_state",
    "changes": f"SELECT (SELECT count(*) FROM runs r WHERE r.outcome IN {APPLIED} AND r.run_id < c.run_id), source_id,"
    " kind, before, after FROM changes c JOIN patrons p ON p.patron_id = c.patron_id",
    "exclusions": "SELECT mark, code, detail FROM exclusions",
}


def same(connection: Connection) -> dict[str, list[str]]:
    """All that runs have settled, so that two installations that had the same nights compare as equal."""
    return {name: sorted(map(repr, connection.exec_driver_sql(query).fetchall())) for name, query in SAME.items()}
