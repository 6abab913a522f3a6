"""What scripts/readme.py writes into README.md, CONTRIBUTING.md and docs/: tables, maps and recorded sessions."""
