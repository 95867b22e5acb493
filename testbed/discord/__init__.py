"""A stand-in Discord on loopback: gateway, REST and CDN, held against Discord's description of its API."""
