"""The explorers of chapter 6: controls over its pictures."""
