"""The tests; start reading at cast.py."""
