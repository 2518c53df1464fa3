"""Who is told what: messages derived from events, and their delivery."""
