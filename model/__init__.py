"""The dubbing model."""
