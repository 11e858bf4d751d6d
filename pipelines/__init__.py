"""Entry points: whole pipelines made of transforms."""
