"""Certificates: whether a spec is deterministic and resumes bit for bit. Knows nothing of terminals."""
