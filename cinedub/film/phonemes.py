"""What the mouth does for each phoneme."""

from __future__ import annotations

#: symbol -> (opening of the mouth in [0, 1], width in [-1 round, 1 spread]). After the viseme classes of Jeffers and Barley (1971).
_VISEMES: dict[str, tuple[float, float]] = {
    **dict.fromkeys("pbm", (0.0, 0.0)),
    **dict.fromkeys("fv", (0.12, 0.2)),
    **dict.fromkeys("θð", (0.25, 0.2)),
    **dict.fromkeys("tdnlszTʦʣɾɨ", (0.22, 0.3)),
    **dict.fromkeys("ʃʒʧʤɕʨʥʂʈɻ", (0.25, -0.5)),
    **dict.fromkeys("kɡŋhxɣχʔ", (0.35, 0.1)),
    **dict.fromkeys("ɹrɥ", (0.25, -0.5)),
    **dict.fromkeys("wʋ", (0.12, -1.0)),
    **dict.fromkeys("jiɪy", (0.3, 0.8)),
    **dict.fromkeys("ɛeæA", (0.6, 0.6)),
    **dict.fromkeys("ɑaɐɒI", (1.0, 0.1)),
    **dict.fromkeys("əɚɜʌᵊᵻɤ", (0.5, 0.0)),
    **dict.fromkeys("ɔoOQY", (0.65, -0.7)),
    **dict.fromkeys("uʊɯ", (0.3, -1.0)),
    **dict.fromkeys("W", (0.85, -0.4)),
}
#: Signs that shape no mouth of their own: stress, length, tone.
SILENT_SIGNS = frozenset("ˈˌː→↓↗↘ʰʲ")


def viseme(symbol: str) -> tuple[float, float]:
    """How far the mouth opens, and how wide it is, for a phoneme symbol; a pause is a closed mouth."""
    return _VISEMES.get(symbol, (0.0, 0.0))
