"""Physical audit: what samples and headers say about each other, and whether a stated unit or rate can be true.

Each check is one file of pure functions over arrays. `at_ingest` runs the few that are exact and cheap, `recording`
runs all of them over one stored recording, `run` over a store. Why these limits: docs/decisions/audit.md.
"""
