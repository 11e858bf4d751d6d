"""Verbs between nouns: one pure function and one thin Beam transform a file."""
