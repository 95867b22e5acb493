"""The service's words, rules and SQL, one package per subject."""
