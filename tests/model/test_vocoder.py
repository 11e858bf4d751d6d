import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from cinedub import weights
from cinedub.config import Model
from model import mel, vocoder

pytestmark = pytest.mark.skipif(not weights.present("hifigan-universal"), reason="the vocoder's weights are not here")


@pytest.fixture(scope="module")
def renderer() -> vocoder.Vocoder:
    return vocoder.load(Model("hifigan", threads=1))


def published(mels: Tensor) -> Tensor:
    """HiFi-GAN V1 as its paper draws it, one-dimensional, straight from the published weights."""
    file = weights.find("hifigan-universal")
    state = torch.load(file / "generator_universal.pth.tar" if file.is_dir() else file, map_location="cpu", weights_only=True)["generator"]

    def weight(name: str) -> Tensor:
        direction = state[f"{name}.weight_v"]
        return state[f"{name}.weight_g"] * direction / direction.norm(dim=(1, 2), keepdim=True)

    def conv(x: Tensor, name: str, step: int = 1) -> Tensor:
        kernel = weight(name)
        return functional.conv1d(x, kernel, state[f"{name}.bias"], padding=step * (kernel.shape[-1] - 1) // 2, dilation=step)

    x = conv(mels.T[None], "conv_pre")
    for level, rate in enumerate((8, 8, 2, 2)):
        up = f"ups.{level}"
        x = functional.conv_transpose1d(functional.leaky_relu(x, 0.1), weight(up), state[f"{up}.bias"], rate, padding=rate // 2)
        branches = []
        for block in range(3 * level, 3 * level + 3):
            y = x
            for layer, step in enumerate((1, 3, 5)):
                inner = functional.leaky_relu(conv(functional.leaky_relu(y, 0.1), f"resblocks.{block}.convs1.{layer}", step), 0.1)
                y = y + conv(inner, f"resblocks.{block}.convs2.{layer}")
            branches.append(y)
        x = torch.stack(branches).mean(0)
    return torch.tanh(conv(functional.leaky_relu(x), "conv_post"))[0, 0]


def test_it_is_the_published_network_to_a_ten_thousandth(renderer: vocoder.Vocoder) -> None:
    mels = mel.mel(0.3 * torch.randn(1, 12_000, generator=torch.Generator().manual_seed(0)))[0]
    assert torch.allclose(renderer.sound(mels), published(mels), atol=1e-4) and published(mels).abs().max() > 0.1


def test_it_renders_in_pieces_without_a_seam(renderer: vocoder.Vocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    mels = mel.mel(0.3 * torch.sin(torch.arange(20_000) * 0.05)[None])[0]
    whole = renderer.sound(mels)
    monkeypatch.setattr(vocoder, "_PIECE", 32)
    assert whole.shape == (len(mels) * mel.HOP,) and torch.allclose(whole, renderer.sound(mels), atol=1e-4)


def test_it_gives_back_the_tone_it_was_given(renderer: vocoder.Vocoder) -> None:
    tone = 0.3 * torch.sin(torch.arange(22_050) * 2 * torch.pi * 440 / 22_050)
    made = renderer.sound(mel.mel(tone[None])[0])
    spectrum = np.abs(np.fft.rfft(made[2000:20_000].numpy()))
    assert abs(spectrum.argmax() * 22_050 / 18_000 - 440) < 10
