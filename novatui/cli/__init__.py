"""Commands and exit codes; everything heavy is imported inside the command that needs it."""
