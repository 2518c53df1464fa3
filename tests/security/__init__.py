"""Attacks on the whole of AccessGov, one kind a file."""
