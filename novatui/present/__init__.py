"""Pure: model in, rows of (text, role) out; shared by the screen, the commands and the reports."""
