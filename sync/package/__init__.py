"""What was delivered together: named, size-capped streams. Nothing is ever unpacked to disk."""

from sync.package.errors import BadPackageError
from sync.package.package import Package, open_package
from sync.package.sheets import SHEET

__all__ = ["SHEET", "BadPackageError", "Package", "open_package"]
