"""The connector of SCIM 2.0 applications (RFC 7643, RFC 7644)."""
