"""How well words fit a sound: the likelihood that Whisper (Radford et al. 2022, arXiv:2212.04356) gives to text it is made to say."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from jaxtyping import Float

from cinedub import config, weights
from cinedub.backends import whisper_files
from cinedub.backends.roles import Mono
from cinedub.errors import ModelError, WeightsError
from schemas import Language, Span, Word

VERSION = "1"
_RATE, _LONGEST_S, _FRAME_MS = 16_000, 30, 20
#: An edit shows in its own tokens and in how well the text goes on after it.
_AFTER = 3
#: Whisper's decoder sees at most 448 tokens, of which a prompt may be half.
_MOST_TOKENS, _MOST_PROMPT = 440, 216
_FLOOR = 1e-9


class WhisperLikelihood:
    """The verifier. Option: ``compute`` ("int8" on a CPU, else "default"). The model is loaded when it is first asked."""

    def __init__(self, model: config.Model) -> None:
        self._path = weights.find(model.weights)
        if not (self._path / "model.bin").is_file():
            raise WeightsError(f"{self._path}: a CTranslate2 Whisper folder with model.bin is wanted")
        self._model = model
        self.digest = f"whisper-likelihood-{VERSION}-{whisper_files.compute(model)}-{weights.digest(self._path)}"
        self.lock = threading.Lock()

    @functools.cached_property
    def whisper(self) -> WhisperModel:
        """The loaded model."""
        return whisper_files.opened(self._path, self._model)

    def understands(self, language: Language) -> bool:
        """Whether the model knows the language: the ``.en`` models know English only."""
        return language == "en" or self.whisper.model.is_multilingual

    def listen(self, sound: Mono, language: Language) -> Hearing:
        """Encode at most 30 s of sound, once for all questions about it.

        Raises:
            ModelError: longer sound.
        """
        if len(sound) > _LONGEST_S * _RATE:
            raise ModelError("VERIFY_TOO_LONG", f"at most {_LONGEST_S} s can be verified at once, got {len(sound) / _RATE:.1f} s")
        with self.lock:
            return Hearing(self, sound, language)


class Hearing:
    """One encoded sound, to be asked about texts. Each text is scored alone, and once."""

    def __init__(self, verifier: WhisperLikelihood, sound: Mono, language: Language) -> None:
        whisper = verifier.whisper
        features = whisper.feature_extractor(sound)
        self._frames = min(features.shape[-1], whisper.feature_extractor.nb_max_frames)
        self._encoded = whisper.encode(pad_or_trim(features))
        multilingual = whisper.model.is_multilingual
        self._tokenizer = Tokenizer(whisper.hf_tokenizer, multilingual, task="transcribe" if multilingual else None, language=language)
        self._model, self._lock, self._language = whisper.model, verifier.lock, language
        self._scores: dict[tuple[int, ...], Float[np.ndarray, " tokens"]] = {}
        self._ends: dict[tuple[int, ...], float] = {}

    def margin(self, before: str, after: str) -> float:
        """Mean log-probability (nats) over the tokens that differ and the next three, end of text among them: ``after`` minus ``before``.

        Well below 0 says that the sound contradicts the change; above it, that the sound is for it. Texts that are too long for the model are
        cut around the change.
        """
        old, new = self._tokens(before), self._tokens(after)
        if old == new:
            return 0.0
        shared = min(len(old), len(new))
        head = next((place for place in range(shared) if old[place] != new[place]), shared)
        tail = next((place for place in range(shared - head) if old[-1 - place] != new[-1 - place]), shared - head)
        return self._mean(new, head, len(new) - tail) - self._mean(old, head, len(old) - tail)

    def times(self, words: Sequence[str]) -> list[Word]:
        """The words of a text with the times at which they are said, in ms from the sound's start, and their mean probability.

        The words' tokens are aligned to the sound by cross-attention and dynamic time warping, as Whisper's own word times are.
        """
        pieces = [self._tokens(word) if self._language == "en" else self._tokenizer.encode(word) for word in words]
        tokens = [token for piece in pieces for token in piece][:_MOST_TOKENS]
        with self._lock:
            found = self._model.align(self._encoded, self._tokenizer.sot_sequence, [tokens], self._frames)[0]
        end = self._frames * 10
        first = dict(reversed(found.alignments))
        starts = [first[place] * _FRAME_MS if place in first else end for place in range(len(tokens))] + [end]
        out, place = [], 0
        for word, piece in zip(words, pieces, strict=True):
            until = min(place + len(piece), len(tokens))
            probability = float(np.mean(found.text_token_probs[place:until])) if until > place else 0.0
            out.append(Word(word, Span(starts[place], max(starts[until], starts[place] + 1)), round(min(1.0, probability), 4)))
            place = until
        return out

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(" " + text.strip()))

    def _mean(self, tokens: list[int], start: int, end: int) -> float:
        """Mean log-probability of ``tokens[start:end]`` and the next three."""
        skipped = max(0, end - _MOST_TOKENS)
        key = tuple(tokens[skipped : skipped + _MOST_TOKENS])
        start, end = max(0, start - skipped), end - skipped + _AFTER
        if key not in self._scores:
            with self._lock:
                found = self._model.align(self._encoded, self._tokenizer.sot_sequence, [list(key)], self._frames)[0]
            self._scores[key] = np.log(np.maximum(np.array(found.text_token_probs, np.float64), _FLOOR))
        scores = list(self._scores[key][start:end])
        if end > len(key) and len(key) <= _MOST_PROMPT:
            scores.append(self._end(key))
        return float(np.mean(scores)) if scores else 0.0

    def _end(self, key: tuple[int, ...]) -> float:
        """Log-probability that the text ends after these tokens. ``align`` doesn't tell it; the logits after a forced prompt do."""
        if key not in self._ends:
            prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps, *key]
            options = {"beam_size": 1, "max_length": 2 * len(prompt), "suppress_blank": False, "suppress_tokens": [], "return_logits_vocab": True}
            with self._lock:
                logits = np.array(self._model.generate(self._encoded, [prompt], **options)[0].logits[0][len(key)], np.float64)
            top = logits.max()
            ended = logits[self._tokenizer.eot] - top - np.log(np.exp(logits - top).sum())
            self._ends[key] = max(float(ended), float(np.log(_FLOOR)))
        return self._ends[key]
