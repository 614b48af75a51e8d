"""`make run` and `make demo`: a synthetic district, its night and its morning, all on this machine."""
