"""Everything that changes reviews and what comes of them."""
