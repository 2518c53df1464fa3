"""Does it still hold: recertification of assignments."""
