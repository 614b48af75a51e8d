"""What was delivered together: named, size-capped streams. Nothing is ever unpacked to disk."""

from sync.package.errors import BadPackageError
from sync.package.package import Package, open_package

__all__ = ["BadPackageError", "Package", "open_package"]
