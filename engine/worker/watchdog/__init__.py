"""The watch over silent failures: small checks beside a training that look for a cause, and say it once."""
