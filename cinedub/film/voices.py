"""Voices that speak phonemes and say when each one sounds: Kokoro (many voices, blended at will) and Hibari (one voice, very fast).

Both models predict a duration for every symbol, in units of 25 ms, and render exactly that many: 600 samples at 24 kHz each. The graphs are
opened at that place, so that durations can be read, and put in. Likewise the curve of pitch is opened, so that a line can be acted.

A voice is written ``TIMBRE/PROSODY@PITCH``, the last two parts where wanted. Timbre and prosody are Kokoro styles or blends of them
(``jf_alpha:1.4+jf_nezumi:-0.4``): the first half of a style vector colours the sound, the second sets melody and pace. ``@0.86`` lowers
pitch and formants alike, as of a longer throat: the words are spoken faster by as much as the sound is then played slower.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from jaxtyping import Float32, Int
from scipy.signal import resample

from cinedub import weights
from cinedub.errors import UsageError
from cinedub.film.acting import MANNERS, Manner
from cinedub.film.phonemes import SILENT_SIGNS
from cinedub.phonemes import Spelling, spell
from schemas import Language

RATE = 24_000
UNIT_MS = 25
PLAIN = MANNERS["neutral"]
#: How far both models' symbols lag behind the sound, in ms at a voice's own pitch: the median at the onsets after pauses is 20 to 40 ms.
LATE_MS = 30
_TENSORS = {"hibari": ("hibari.onnx", "/Clip_output_0"), "kokoro": ("model.onnx", "/encoder/Clip_output_0")}
#: Kokoro's curve of pitch; below so many Hz nothing is voiced.
_PITCH, _VOICED_HZ = "/encoder/F0_proj/Conv_output_0", 40.0


@dataclass(frozen=True, slots=True)
class Phone:
    """One phoneme symbol (stress, length and tone signs belong to the sound beside them) with its time in ms; a pause is ``""``."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One written word with its time in ms."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Speech:
    """One spoken line: mono sound at 24 kHz, and times from its first sample. ``symbols`` are the phones as the model read them: each sign, blank and
    stop by itself."""

    sound: Float32[np.ndarray, " samples"]
    phones: tuple[Phone, ...]
    words: tuple[SpokenWord, ...]
    symbols: tuple[Phone, ...] = ()

    @property
    def duration_ms(self) -> int:
        """Length in ms."""
        return len(self.sound) * 1000 // RATE


class Speaker:
    """A model that speaks: ``hibari``, or Kokoro with a style (``jm_kumo``) or a recipe of several (``jf_alpha/jm_kumo@0.86``)."""

    def __init__(self, voice: str, threads: int = 2) -> None:
        self.voice = voice
        recipe, _, pitch = voice.partition("@")
        self.pitch = _number(pitch or "1", voice)
        if not 0.5 <= self.pitch <= 2:
            raise UsageError(f"voice {voice!r}: a pitch is from 0.5 to 2")
        self.model = "hibari" if recipe == "hibari" else "kokoro"
        self.late_ms = round(LATE_MS / self.pitch)
        self._style = None if self.model == "hibari" else style(recipe)
        self._session, self._vocabulary = _open(self.model, threads)

    def say(
        self,
        text: str,
        language: Language = "en",
        speed: float = 1.0,
        seed: int = 0,
        durations: Sequence[int] | None = None,
        manner: Manner = PLAIN,
    ) -> Speech:
        """Speak one line; ``durations`` (in units of 25 ms, one for each symbol and the two pads, each at least 1) override the model's own, and
        the sound is exactly as long as they are together. ``manner`` shapes rate and pitch; loudness is for who mixes."""
        spellings = spell(text, language)
        symbols, owners = _symbols(spellings, self._vocabulary)
        if not symbols:
            raise UsageError(f"nothing to say in {text!r}")
        ids = np.array([[0, *(self._vocabulary[s] for s in symbols), 0]], np.int64)
        if durations is not None and len(durations) != ids.shape[1]:
            raise UsageError(f"{text!r} has {ids.shape[1]} symbols with its pads, got {len(durations)} durations")
        if durations is not None and min(durations) < 1:
            raise UsageError(f"{text!r}: a duration is at least 1")
        wanted = np.zeros(ids.shape[1], np.float32) if durations is None else _stretched(durations, self.pitch)
        sound, units = self._run(ids, wanted, speed * manner.pace / self.pitch, seed, manner)
        edges = np.concatenate([[0], np.cumsum(np.round(units))]) * UNIT_MS
        if self.pitch != 1:
            length = round(edges[-1] / self.pitch) if durations is None else sum(durations) * UNIT_MS
            sound = resample(sound, length * RATE // 1000)
            edges = edges * (length / edges[-1])
        if durations is not None:
            edges = np.concatenate([[0], np.cumsum(durations)]) * UNIT_MS
        return _timed(sound, np.round(edges).astype(int), symbols, owners, spellings)

    def units(self, text: str, language: Language = "en") -> list[int]:
        """How long this voice would speak each symbol of a line, and the two pads, in units of 25 ms; nothing is rendered."""
        symbols, _ = _symbols(spell(text, language), self._vocabulary)
        if not symbols:
            raise UsageError(f"nothing to say in {text!r}")
        ids = np.array([[0, *(self._vocabulary[s] for s in symbols), 0]], np.int64)
        _, tensor = _TENSORS[self.model]
        inputs = {"speed": np.array([1 / self.pitch], np.float32), "wanted_durations": np.zeros(ids.shape[1], np.float32)}
        if self._style is None:
            (units,) = self._session.run([tensor], {"ids": ids, **inputs})
        else:
            inputs |= {"wanted_durations": inputs["wanted_durations"][None], "melody": np.ones(2, np.float32)}
            chosen = self._style[min(ids.shape[1] - 3, len(self._style) - 1)]
            (units,) = self._session.run([tensor], {"tokens": ids, "style": chosen, **inputs})
        return [max(1, round(float(unit))) for unit in units.ravel()]

    def spectra(self, text: str, timing: Callable[[Sequence[float], Sequence[str]], list[int]]) -> tuple[list[np.ndarray], tuple[Phone, ...]]:
        """Hibari's five spectra (bins, frames) and pitch (frames) before they become sound, and the symbols with their times in ms.

        ``timing`` makes each symbol's duration (units of 25 ms) of the model's own and of the symbols.
        """
        spellings = spell(text, "en")
        symbols, _ = _symbols(spellings, self._vocabulary)
        if not symbols:
            raise UsageError(f"nothing to say in {text!r}")
        ids = np.array([[0, *(self._vocabulary[s] for s in symbols), 0]], np.int64)
        signs = ["", *symbols, ""]
        run = {"ids": ids, "speed": np.ones(1, np.float32)}
        *_, units = self._session.run(None, {**run, "wanted_durations": np.zeros(ids.shape[1], np.float32)})
        durations = timing(units.tolist(), signs)
        *parts, _ = self._session.run(None, {**run, "wanted_durations": np.array(durations, np.float32)})
        edges = np.concatenate([[0], np.cumsum(durations)]) * UNIT_MS
        return [part[0] for part in parts], tuple(Phone(sign, int(edges[i]), int(edges[i + 1])) for i, sign in enumerate(signs))

    def _run(self, ids: Int[np.ndarray, "1 symbols"], wanted: np.ndarray, speed: float, seed: int, manner: Manner) -> tuple[np.ndarray, np.ndarray]:
        pace = np.array([speed], np.float32)
        if self._style is None:
            from hibari import dsp

            *parts, units = self._session.run(None, {"ids": ids, "speed": pace, "wanted_durations": wanted})
            parts[-1] = _sung(parts[-1], manner)
            return dsp.synth(*(part[0] for part in parts), np.random.default_rng(seed)), units
        chosen = self._style[min(ids.shape[1] - 3, len(self._style) - 1)]
        melody = np.array([manner.pitch, manner.span], np.float32)
        inputs = {"tokens": ids, "style": chosen, "speed": pace, "wanted_durations": wanted[None], "melody": melody}
        sound, units = self._session.run(None, inputs)
        return sound, units[0]


def voices() -> dict[str, str]:
    """Every style that is in the weights cache -> ``female`` or ``male``; Hibari among them."""
    names = list(np.load(weights.find("kokoro") / "voices_ja.npz").files)
    if weights.present("kokoro-voices"):
        names += [path.stem for path in sorted(weights.find("kokoro-voices").glob("*.bin"))]
    return {"hibari": "female", **{name: "male" if name[1] == "m" else "female" for name in names}}


def style(recipe: str) -> Float32[np.ndarray, "lengths 1 256"]:
    """The style of a recipe without its pitch, for every length of text.

    Raises:
        UsageError: a style that isn't in the cache, or no recipe.
    """
    timbre, _, prosody = recipe.partition("/")
    mixed = _blend(timbre)
    if prosody:
        mixed[..., 128:] = _blend(prosody)[..., 128:]
    return mixed


def _blend(recipe: str) -> Float32[np.ndarray, "lengths 1 256"]:
    """A weighted mean of style vectors; a weight below 0 moves away from a voice."""
    parts = [part.partition(":") for part in recipe.split("+")]
    scale = [_number(weight or "1", recipe) for _, _, weight in parts]
    mixed = sum(weight * _style(name) for (name, _, _), weight in zip(parts, scale, strict=True)) / sum(scale)
    return np.array(mixed, np.float32)


def _number(text: str, recipe: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"voice {recipe!r}: {text!r} is no number") from None


def _stretched(durations: Sequence[int], pitch: float) -> Float32[np.ndarray, " symbols"]:
    """Durations times ``pitch``, rounded so that the sum stays right, each at least 1."""
    edges = np.round(np.cumsum(durations) * pitch)
    return np.maximum(1, np.diff(edges, prepend=0)).astype(np.float32)


def _sung(hertz: Float32[np.ndarray, "1 frames"], manner: Manner) -> Float32[np.ndarray, "1 frames"]:
    """A curve of pitch moved and widened around its mean; unvoiced frames stay."""
    voiced = hertz > _VOICED_HZ
    mean = float(hertz[voiced].mean()) if voiced.any() else 0.0
    return np.where(voiced, (mean + (hertz - mean) * manner.span) * manner.pitch, hertz).astype(np.float32)


@functools.lru_cache(maxsize=16)
def _style(name: str) -> np.ndarray:
    bundled = np.load(weights.find("kokoro") / "voices_ja.npz")
    if name in bundled.files:
        return bundled[name]
    path = weights.root() / "kokoro-voices" / f"{name}.bin"
    if not path.is_file():
        raise UsageError(f"no voice {name!r}; here are: {', '.join(voices())}")
    return np.fromfile(path, "<f4").reshape(-1, 1, 256)


@functools.cache
def _open(model: str, threads: int) -> tuple[onnxruntime.InferenceSession, dict[str, int]]:
    """The model with its durations as an output, and an input ``wanted_durations`` that replaces each one where it is above 0."""
    file, tensor = _TENSORS[model]
    folder = weights.find(model)
    proto = onnx.load(folder / file)
    graph, shape = proto.graph, _shape(model)
    place = next(i for i, node in enumerate(graph.node) if tensor in node.output)
    predicted = f"{tensor}_predicted"
    producer = graph.node[place]
    producer.output[list(producer.output).index(tensor)] = predicted
    zero = onnx.helper.make_tensor("no_duration", onnx.TensorProto.FLOAT, [], [0.0])
    graph.initializer.append(zero)
    graph.node.insert(place + 1, onnx.helper.make_node("Greater", ["wanted_durations", "no_duration"], ["duration_is_wanted"]))
    graph.node.insert(place + 2, onnx.helper.make_node("Where", ["duration_is_wanted", "wanted_durations", predicted], [tensor]))
    graph.input.append(onnx.helper.make_tensor_value_info("wanted_durations", onnx.TensorProto.FLOAT, shape))
    graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, shape))
    if model == "kokoro":
        _open_pitch(graph)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait sleep: others have work
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    vocabulary = json.loads((folder / "vocab.json").read_text())
    return session, vocabulary.get("vocab", vocabulary)


def _open_pitch(graph: onnx.GraphProto) -> None:
    """A new input ``melody`` (factor of pitch, factor of its width) does to Kokoro's curve what ``_sung`` does to Hibari's."""
    place = next(i for i, node in enumerate(graph.node) if _PITCH in node.output)
    graph.node[place].output[0] = "pitch"
    constant = onnx.helper.make_tensor
    float32, int64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph.initializer.extend(
        [constant("voiced_hz", float32, [], [_VOICED_HZ]), constant("one", float32, [], [1.0])]
        + [constant(name, int64, [1], [index]) for index, name in enumerate(("first", "second"))]
    )
    steps = (
        ("Gather", ("melody", "first"), "pitch_factor"), ("Gather", ("melody", "second"), "width_factor"),
        ("Greater", ("pitch", "voiced_hz"), "is_voiced"), ("Where", ("is_voiced", "one", "no_duration"), "voiced"),
        ("Mul", ("pitch", "voiced"), "voiced_pitch"), ("ReduceSum", ("voiced_pitch",), "summed"), ("ReduceSum", ("voiced",), "counted"),
        ("Max", ("counted", "one"), "frames"), ("Div", ("summed", "frames"), "mean_pitch"), ("Sub", ("pitch", "mean_pitch"), "around"),
        ("Mul", ("around", "width_factor"), "widened"), ("Add", ("mean_pitch", "widened"), "back"), ("Mul", ("back", "pitch_factor"), "sung"),
        ("Where", ("is_voiced", "sung", "pitch"), _PITCH),
    )  # fmt: skip
    for offset, (operation, inputs, output) in enumerate(steps, start=1):
        graph.node.insert(place + offset, onnx.helper.make_node(operation, inputs, [output]))
    graph.input.append(onnx.helper.make_tensor_value_info("melody", float32, [2]))


def _shape(model: str) -> list[str | int | None]:
    return ["L"] if model == "hibari" else [1, "L"]


def _symbols(spellings: list[Spelling], vocabulary: dict[str, int]) -> tuple[list[str], list[int]]:
    """The symbols to say, and for each the index of its word (-1 for what is between words)."""
    symbols: list[str] = []
    owners: list[int] = []
    for index, word in enumerate(spellings):
        if index:
            symbols.append(" ")
            owners.append(-1)
        for text, owner in ((word.phonemes, index), (word.after, -1)):
            known = [c for c in text if c in vocabulary]
            symbols += known
            owners += [owner] * len(known)
    return symbols, owners


def _timed(sound: np.ndarray, edges: np.ndarray, symbols: list[str], owners: list[int], spellings: list[Spelling]) -> Speech:
    phones: list[Phone] = [Phone("", 0, int(edges[1]))]
    bounds: dict[int, list[int]] = {}
    for i, (symbol, owner) in enumerate(zip(symbols, owners, strict=True), start=1):
        start, end = int(edges[i]), int(edges[i + 1])
        if owner < 0:
            phones.append(Phone("", start, end))
            continue
        bounds.setdefault(owner, [start, end])[1] = end
        last = phones[-1]
        if (symbol in SILENT_SIGNS and last.symbol and symbol not in "ˈˌ") or last.symbol in ("ˈ", "ˌ"):
            phones[-1] = Phone(last.symbol + symbol, last.start, end)
        else:
            phones.append(Phone(symbol, start, end))
    phones.append(Phone("", int(edges[-2]), int(edges[-1])))
    words = tuple(SpokenWord(spellings[i].text, *bounds[i]) for i in sorted(bounds))
    raw = tuple(Phone(symbol, int(edges[i]), int(edges[i + 1])) for i, symbol in enumerate(["", *symbols, ""]))
    return Speech(sound.astype(np.float32), tuple(phones), words, raw)
