"""A server's art channel: exhibits and stars, the gallery, the digest, and challenges."""
