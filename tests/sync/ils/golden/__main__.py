"""Write the golden files of every format, or of those that are named, anew."""

import sys
from shutil import rmtree

from access_service.ils import FormatName
from tests.sync.ils.golden import HERE, with_files, written

for name in map(FormatName, sys.argv[1:] or with_files()):
    rmtree(HERE / name, ignore_errors=True)
    (HERE / name).mkdir()
    for file, content in written(name).items():
        (HERE / name / file).write_bytes(content)
