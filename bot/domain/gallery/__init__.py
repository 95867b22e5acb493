"""A server's art channel: exhibits, stars, the listing and the digest."""
