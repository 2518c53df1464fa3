"""Who exists: people, groups, memberships and managers, and how they come in."""
