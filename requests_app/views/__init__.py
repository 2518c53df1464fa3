"""The pages of requests, approvals and access, by what people do on them."""
