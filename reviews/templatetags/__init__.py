"""What the templates of reviews say with a word."""
