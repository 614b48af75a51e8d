"""Live through the year and draw it: `make year`."""

import os
import sys
import tempfile
from pathlib import Path

from access_service.storage import engine, schema
from tests.place import PEPPER, SYNC_KEY
from tests.year.nights import Year
from tests.year.picture import picture

DRAWN = Path(__file__).parents[2] / "docs" / "year.svg"


def main() -> None:
    os.environ |= {"ACCESS_PEPPER": PEPPER, "SYNC_KEY": SYNC_KEY}
    with tempfile.TemporaryDirectory() as folder:
        databases = engine.connect(f"sqlite:///{folder}/access.db")
        schema.upgrade(databases)
        points = []
        for night in Year(databases, Path(folder)).nights():
            points.append(night.point)
            for told in night.told:
                if told.outcome != "same_students":
                    sys.stdout.write(f"{night.today} {told.text}\n")
        databases.dispose()
    DRAWN.write_text(picture(points), encoding="utf-8")


main()
