"""Pages that belong to no single app, and the base of all pages."""
