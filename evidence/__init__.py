"""What can be proved and overseen across apps; it reads all of them, and writes nothing."""
