from __future__ import annotations

# Needs voices that the studio does not; pytest imports all that may hold a doctest.
collect_ignore = ["make.py"]
