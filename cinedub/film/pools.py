"""Voices of one film are different people: in each list any two, women and men, are at least 0.5 apart.

Measured as cosine distance of CAM++ vectors, where lines of one voice are 0.1 to 0.2 apart. No voice is in two splits; the pack ``film``, Flite
and Chinese have so few that voices of different splits may share parts or be one another's higher or lower versions.
"""

from __future__ import annotations

from cinedub.film.settings import Split, Voices
from schemas import Language

Pool = tuple[str, ...]
#: (women, men). Those of the pack ``film`` are also what Whisper understands best of what its six styles can be made into.
_FILM: dict[Split, tuple[Pool, Pool]] = {
    "train": (
        ("hibari", "jf_gongitsune", "jf_nezumi:1.5+jf_alpha:-0.5@0.82"),
        ("jm_kumo", "jm_kumo@0.82", "jf_tebukuro/jm_kumo@0.9"),
    ),
    "valid": (("hibari@0.94", "jf_nezumi"), ("jm_kumo@0.91", "jf_nezumi/jm_kumo@0.84")),
    "test": (("hibari@0.88", "hibari@1.12", "jf_gongitsune:1.5+jf_alpha:-0.5@1.08"), ("jm_kumo@1.16", "hibari@0.76")),
}  # fmt: skip
_FLITE: dict[Split, tuple[Pool, Pool]] = {
    "train": (("flite_slt@0.8", "flite_slt@1.16"), ("flite_kal16", "flite_awb")),
    "valid": (("flite_slt@0.88",), ("flite_kal16@1.16", "flite_awb@1.15")),
    "test": (("flite_slt",), ("flite_kal16@0.86", "flite_awb@0.86")),
}
_ENGLISH: dict[Split, tuple[Pool, Pool]] = {
    "train": (
        ("af_river", "af_jessica", "af_kore", "af_sarah", "af_aoede", "bf_emma", "af_heart", "bf_lily"),
        ("bm_lewis", "am_adam", "am_liam", "am_fenrir", "am_echo", "bm_daniel", "am_santa"),
    ),
    "valid": (("af_nicole", "af_alloy", "af_sky"), ("am_puck", "am_onyx", "am_michael")),
    "test": (("bf_alice", "af_bella", "af_nova", "bf_isabella"), ("am_eric", "bm_george", "bm_fable")),
}
_CHINESE: dict[Split, tuple[Pool, Pool]] = {
    "train": (
        ("zf_xiaoyi", "zf_xiaoyi@0.8", "zf_xiaobei", "zf_xiaobei@1.16"),
        ("zm_yunjian", "zm_yunjian@0.8", "zm_yunxi", "zm_yunxi@0.86"),
    ),
    "valid": (("zf_xiaoni@0.93", "zf_xiaoni@1.16"), ("zm_yunyang@0.86", "zm_yunyang@1.16")),
    "test": (("zf_xiaoxiao@0.93", "zf_xiaoxiao@1.08"), ("zm_yunyang", "zm_yunxi@0.93")),
}  # fmt: skip


def voices(language: Language, pack: Voices, split: Split, gender: str) -> list[str]:
    """The voices that a film may choose from."""
    table = {"film": _FILM, "flite": _FLITE}.get(pack) or (_CHINESE if language == "zh" else _ENGLISH)
    women, men = table[split]
    return list(men if gender == "male" else women)
