"""From a person's request to a queued job."""
