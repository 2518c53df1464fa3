"""Asking and having: access requests, approvals and assignments."""
