"""The commands, one a file; the file is named as the command is typed."""
