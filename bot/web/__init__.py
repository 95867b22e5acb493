"""What an operator sees from outside: liveness, readiness, metrics."""
