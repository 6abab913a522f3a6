"""What users see: tables, figures, progress, headers. Knows nothing of the commands."""
