"""Shapes are types: the functions of the model that take tensors are checked by beartype here."""

from jaxtyping import install_import_hook

CHECKED = [f"model.{name}" for name in ("align", "batch", "clip", "data", "mel", "network", "train", "vocoder")]
install_import_hook(CHECKED, "beartype.beartype").__enter__()
