"""The shape of reviews and campaigns in the REST API."""
