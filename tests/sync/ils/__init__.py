"""Tests of what the ILS is told."""
