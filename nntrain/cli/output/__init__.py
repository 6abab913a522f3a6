"""What users see: tables, figures, progress, headers. Knows no command."""
