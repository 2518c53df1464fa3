"""Does it still hold: recertification of assignments. Its place in the house; see reviews/README.md."""
