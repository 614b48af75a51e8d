"""An Excel workbook of one sheet, every cell text, written as it comes."""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from access_service.errors import OperatorError
from sync.synthetic.style import Row

MOST_ROWS = 1_048_576
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_OFFICE = f"{_SCHEMAS}/officeDocument/2006/relationships"
_MAIN = f'xmlns="{_SCHEMAS}/spreadsheetml/2006/main"'
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships"><Relationship Id="rId1" Type="{_OFFICE}/'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_RELATIONS}officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Students" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_RELATIONS}worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


class Workbook:
    """Rows in, a workbook under `path` once it is closed. Errors: OperatorError for more rows than Excel has."""

    def __init__(self, path: Path) -> None:
        self._zip = ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1)
        for name, text in _PARTS.items():
            # Opened by name an entry is dated 1980, so that the hour changes no bytes.
            with self._zip.open(name, "w") as part:
                part.write((_XML + text).encode())
        self._sheet = self._zip.open("xl/worksheets/sheet1.xml", "w")
        self._sheet.write(f"{_XML}<worksheet {_MAIN}><sheetData>".encode())
        self._rows = 0

    def write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows += 1
            if self._rows > MOST_ROWS:
                raise OperatorError(
                    f"a sheet of Excel has {MOST_ROWS:,} rows; ask for fewer students or another format"
                )
            self._sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())

    def close(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._zip.close()


def _cell(text: str) -> str:
    if not text:
        return "<c/>"
    # XML has no control characters; Excel spells them so.
    shown = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", escape(text, quote=False))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
