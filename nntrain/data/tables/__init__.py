"""Tables by column: what each column holds, and what the target columns mean. Knows nothing of files or networks."""
