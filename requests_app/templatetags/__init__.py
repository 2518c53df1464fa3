"""Template tags of requests, approvals and access."""
