"""The explorers of the book: controls over figures, computed by the library."""
