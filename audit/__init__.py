"""What happened: the append-only journal, its search and its export."""
