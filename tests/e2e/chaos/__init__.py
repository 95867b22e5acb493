"""The service under faults: real processes, real signals, seeded scenarios.

    python -m tests.e2e.chaos --seed N --runs N --engine local|procrastinate

Gateways are real `easel run` processes, logged in to the stand-in Discord of `tests.e2e.wire`. Workers are
processes of `tests.e2e.chaos.worker`: the real loop, engine and blobs with a painter that sleeps.
"""
