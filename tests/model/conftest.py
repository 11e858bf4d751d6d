"""Shapes are types: every function of the model is checked by beartype here."""

from jaxtyping import install_import_hook

install_import_hook("model", "beartype.beartype").__enter__()
