"""What the dubbing model does, to look at and listen to: generated films that it never saw, dubbed, in one folder of static files.

``python -m pipelines.examples OUT`` (``make examples``) writes ``OUT/index.html``, its films and recordings beside it, and ``OUT/examples.json``.
"""
