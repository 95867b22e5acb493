"""What Easel is run against on one machine, by tests and benchmarks: a loopback Discord, a PostgreSQL."""
