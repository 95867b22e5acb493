"""The command line tool `nst`; the only place with cyclopts and rich."""
