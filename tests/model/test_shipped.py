"""The checkpoint that ships is there, small, and can be loaded."""

from model import checkpoint
from model.dub import SHIPPED


def test_the_shipped_checkpoint_loads_and_is_small() -> None:
    network, saved = checkpoint.load(SHIPPED)
    assert sum(parameter.numel() for parameter in network.parameters()) > 4e6 and saved.step > 0
    assert (SHIPPED / "network.safetensors").stat().st_size < 60e6
    assert (SHIPPED / "MODEL_CARD.md").is_file() and network.mean.abs().max() > 1
