"""Figures of dubbed clips, added up by system, language and kind of scene, as a table to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cinedub.dubscore import LAGS_MS, Heard
from cinedub.measures import ratio

#: Resamples of lines for the 95 % interval of the lips' agreement.
_RESAMPLES = 1000
_MANNERS = ("pitch", "range", "tilt", "level")


def summary(clips: Sequence[Heard], truth: Sequence[Heard]) -> dict[str, Any]:
    """Every figure over some clips of one system; ``truth`` are the recordings of the same clips, in the same order."""
    pairs = [(a, b) for clip, true in zip(clips, truth, strict=True) for a, b in zip(clip.borders_ms, true.borders_ms, strict=True)]
    borders = [abs(a - b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=False)]
    slots = [abs(error) for clip in clips for line in clip.borders_ms for error in line]
    return {
        "clips": len(clips),
        "exact_length": sum(clip.exact for clip in clips),
        "error_rate": ratio(sum(clip.errors for clip in clips), sum(clip.words for clip in clips)),
        "sound_error_rate": _share([(clip.sound_errors, clip.words) for clip in clips]),
        "words": sum(clip.words for clip in clips),
        "cp_error_rate": _share([(clip.cp_errors, clip.words) for clip in clips]),
        "similarity": _mean([value for clip in clips for value in clip.right]),
        "similarity_wrong": _mean([value for clip in clips for value in clip.wrong if not np.isnan(value)]),
        "dnsmos": _mean([clip.dnsmos for clip in clips]),
        "border_ms": float(np.median(borders)) if borders else None,
        "slot_ms": float(np.median(slots)) if slots else None,
        "energy_outside": ratio(sum(clip.outside for clip in clips), sum(clip.energy for clip in clips)),
        "lips": lips([clip.curves for clip in clips]),
        "manner": manner(clips, truth),
        "sync": sync([line for clip in clips for line in clip.sync]),
    }


def _share(counted: Sequence[tuple[int | None, int]]) -> float | None:
    """Errors over words, of the clips in which they could be counted."""
    known = [(wrong, of) for wrong, of in counted if wrong is not None]
    return ratio(sum(wrong for wrong, _ in known), sum(of for _, of in known)) if known else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def sync(lines: Sequence[Sequence[float]]) -> dict[str, float] | None:
    """Means of LSE-D (lower is better), LSE-C (higher), and the median of how late the sound is; None where SyncNet wasn't asked."""
    if not lines:
        return None
    distance, confidence, late = np.array(lines).T
    return {"lines": len(lines), "lse_d": float(distance.mean()), "lse_c": float(confidence.mean()), "late_ms": float(np.median(late))}


def lips(curves: Sequence[Sequence[Sequence[float]]]) -> dict[str, Any] | None:
    """Agreement at the lag that suits all lines best, with a 95 % interval over lines (bootstrap); None where no line shows a mouth."""
    lines = np.array([curve for clip in curves for curve in clip if len(curve)])
    if not len(lines):
        return None
    best = int(lines.mean(axis=0).argmax())
    return {"lines": len(lines), "lag_ms": LAGS_MS[best], "mean": float(lines[:, best].mean()), "interval": _interval(lines[:, best])}


def difference(one: Sequence[Heard], other: Sequence[Heard]) -> dict[str, Any] | None:
    """By how much the lips agree better with one system than with another, line by line, each at its own best lag."""
    pairs = [
        (mine, theirs)
        for clip, same in zip(one, other, strict=True)
        for mine, theirs in zip(clip.curves, same.curves, strict=True)
        if len(mine) and len(theirs)
    ]
    if not pairs:
        return None
    mine, theirs = (np.array(side) for side in zip(*pairs, strict=True))
    gain = mine[:, mine.mean(axis=0).argmax()] - theirs[:, theirs.mean(axis=0).argmax()]
    return {"lines": len(gain), "mean": float(gain.mean()), "interval": _interval(gain)}


def _interval(values: np.ndarray) -> list[float]:
    chance = np.random.default_rng(0)
    means = values[chance.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    return [float(edge) for edge in np.percentile(means, [2.5, 97.5])]


def manner(clips: Sequence[Heard], truth: Sequence[Heard]) -> dict[str, float]:
    """Correlation over lines of pitch, its range, tilt and level with the recording's: how alike the manner is. Nothing for fewer than 3 lines."""
    pairs = [(a, b) for clip, true in zip(clips, truth, strict=True) for a, b in zip(clip.manner, true.manner, strict=True)]
    values = np.array([pair for pair in pairs if np.isfinite(pair).all()], float)
    if len(values) < 3:
        return {}
    found = {}
    for place, name in enumerate(_MANNERS):
        one, other = values[:, 0, place], values[:, 1, place]
        found[name] = float(np.corrcoef(one, other)[0, 1]) if one.std() > 1e-9 and other.std() > 1e-9 else 0.0
    return found


def groups(clips: dict[str, list[Heard]]) -> dict[str, dict[str, Any]]:
    """``{group: {system: figures}}`` for each language, and within it for each kind of scene."""
    truth = clips["truth"]
    found: dict[str, dict[str, Any]] = {}
    for language in sorted({clip.language for clip in truth}):
        for kind in ("", *sorted({clip.kind for clip in truth if clip.language == language})):
            places = [i for i, clip in enumerate(truth) if clip.language == language and kind in ("", clip.kind)]
            name = f"{language} {kind}".strip()
            found[name] = {system: summary([heard[i] for i in places], [truth[i] for i in places]) for system, heard in clips.items()}
    return found


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("clips", lambda f: str(f["clips"])),
    ("WER / CER", lambda f: f"{100 * f['error_rate']:.1f} %"),
    ("syllables", lambda f: _percent(f["sound_error_rate"])),
    ("cpWER", lambda f: _percent(f["cp_error_rate"])),
    ("voice: right", lambda f: _number(f["similarity"])),
    ("wrong", lambda f: _number(f["similarity_wrong"])),
    ("DNSMOS", lambda f: _number(f["dnsmos"])),
    ("border, slot, ms", lambda f: "–" if f["slot_ms"] is None else f"{f['border_ms'] or 0:.0f}, {f['slot_ms']:.0f}"),
    ("outside", lambda f: f"{100 * f['energy_outside']:.2f} %"),
    ("lips (95 %), lag", lambda f: _lips(f["lips"])),
    ("LSE-D, LSE-C", lambda f: "–" if f["sync"] is None else f"{f['sync']['lse_d']:.2f}, {f['sync']['lse_c']:.2f}"),
    ("manner", lambda f: _number(float(np.mean(list(f["manner"].values()))) if f["manner"] else None)),
    ("exact", lambda f: f"{f['exact_length']} / {f['clips']}"),
)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _lips(found: dict[str, Any] | None) -> str:
    return "–" if found is None else f"{found['mean']:.2f} ({found['interval'][0]:.2f}–{found['interval'][1]:.2f}), {found['lag_ms']}"


def markdown(scores: dict[str, Any]) -> str:
    """A table for each language, then for each kind of scene in it; what the lips gain; time and memory."""
    parts = []
    for group, systems in scores["groups"].items():
        parts.append(f"**{group}**\n\n| system | " + " | ".join(title for title, _ in _COLUMNS) + " |\n| --- |" + " ---: |" * len(_COLUMNS))
        parts[-1] += "".join(f"\n| {name} | " + " | ".join(cell(figures) for _, cell in _COLUMNS) + " |" for name, figures in systems.items())
    for name, gain in scores["lips_gain"].items():
        if gain:
            parts.append(f"Lips, {name}: {gain['mean']:+.3f} (95 %: {gain['interval'][0]:+.3f} to {gain['interval'][1]:+.3f}, {gain['lines']} lines)")
    if speed := scores.get("speed"):
        parts.append(
            f"Processor seconds for a second of clip: {speed['cpu_network']:.2f} without the vocoder, {speed['cpu']:.2f} with it; real-time factor "
            f"{speed['network']:.2f} and {speed['all']:.2f}; {speed['voices_learned']} voices learned, in {speed['cpu_voice']:.1f} s each; "
            f"{speed['first_s']:.1f} s to the first clip; peak memory {speed['peak_mb']:.0f} MB."
        )
    if moods := scores.get("emotions"):
        parts.append("| emotion asked for | pitch, semitones | range | tilt, dB | level, dB |\n| --- | ---: | ---: | ---: | ---: |")
        parts[-1] += "".join(f"\n| {name} | " + " | ".join(f"{value:+.2f}" for value in change) + " |" for name, change in moods.items())
    parts.append("Scorers: " + ", ".join(f"{role} {digest}" for role, digest in scores["scorers"].items()))
    return "\n\n".join(parts) + "\n"
