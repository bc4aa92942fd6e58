"""Creating, changing and deleting entities of projects."""
