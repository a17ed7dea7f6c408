"""See how a transformer learns."""
