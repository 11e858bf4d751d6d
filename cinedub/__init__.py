"""CineDub: film footage to dubbing datasets, and a model that dubs from them."""

__version__ = "0.1.0"
