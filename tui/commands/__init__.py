"""The command line: one module per group of commands; what they need is imported when they run."""
