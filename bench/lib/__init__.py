"""What the benches share: an invented country, a throw-away house, measuring."""
