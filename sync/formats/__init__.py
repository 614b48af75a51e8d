"""Roster formats: each reads a package into a Roster."""

from sync.formats.oneroster import read_oneroster

__all__ = ["read_oneroster"]
