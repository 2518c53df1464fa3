"""Tests of people, groups and their import."""
