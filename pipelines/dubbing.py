"""One dub from its job to its file: script, voices and faces to an order; takes to a track; alone, or with picture and background."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cinedub import config, dataset, loudness, media, mux, sound
from cinedub.errors import UsageError
from model import mel, of_record, script, takes, voices
from model.dub import FASTEST, Dubbing, Manner
from model.order import DubError, Order, Voice
from pipelines import stems, watch
from schemas import Dubbed, DubJob, Span

_ENDINGS = (".wav", ".mp4")
#: A part in a film is learned from this much of its own speech, or from what there is, down to a second.
_OWN_S = (1.0, voices.LONGEST_S)

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class _Asked:
    """An order with the film it is for, and what the user should know."""

    order: Order
    film: stems.FilmStems | None = None
    notes: tuple[str, ...] = ()


def dub(job: DubJob, dubbing: Dubbing, manner: Manner, told: Told | None = None) -> Dubbed:
    """Make ``job.out``. What was spoken before is not spoken again.

    Raises:
        UsageError: a job whose parts don't go together, or a file that isn't there.
        DubError, TextError, MediaError: what can't be dubbed.
    """
    out = Path(job.out)
    if out.suffix.lower() not in _ENDINGS:
        raise UsageError(f"{out}: a dub ends in {' or '.join(_ENDINGS)}")
    settings = config.load()
    asked = _film(job, settings) if job.film else _record(job) if job.dataset and not job.script else _clip(job, settings, out)
    order = changed(asked.order, job)
    if job.line is not None and not 1 <= job.line <= len(order.lines):
        raise UsageError(f"--line {job.line}: there are lines 1 to {len(order.lines)}")
    again = replace(manner, seed=manner.seed + 1_000_003 * job.take)
    manners = [again if job.line in (None, number) else manner for number in range(1, len(order.lines) + 1)]
    spoken = takes.record(dubbing, order, manners, told)
    with tempfile.TemporaryDirectory(prefix="cinedub-") as folder:
        _write(job, out, asked.film, order, spoken, Path(folder))
    rushed = list(takes.rushed(order))
    notes = tuple(f"line {index + 1} {too_fast(order, index, pace)}" for index, pace in rushed)
    return Dubbed(job.out, order.duration_ms, len(order.lines), tuple(index + 1 for index, _ in rushed), (*asked.notes, *notes))


def too_fast(order: Order, index: int, pace: float) -> str:
    """What is wrong with a slot that is too short."""
    line = order.lines[index]
    return (
        f"asks for {pace:.0f} sounds a second, at most {FASTEST:.0f} can be understood: it lasts {line.duration_ms} ms and needs "
        f"{line.duration_ms * pace / FASTEST:.0f} ms; dubbed as fast as that takes"
    )


def _clip(job: DubJob, settings: config.Settings, out: Path) -> _Asked:
    """A script on a clip, or on nothing."""
    if not job.script:
        raise UsageError("name a script (--script), or a record of a dataset (--from OUT --key KEY)")
    told = script.read(Path(job.script), job.language)
    length = duration_ms(Path(job.video)) if job.video else told.duration_ms
    if out.suffix.lower() == ".mp4" and not job.video:
        raise UsageError(f"{out}: a film needs its picture (--video); name a .wav to write speech alone")
    order = Order(length or max(line.end_ms for line in told.lines), told.language, told.lines, {}, told.kind, told.clue)
    order, notes = voiced(order, voices.named(job.voices))
    if job.video and order.lines:
        order = replace(order, faces=watch.of_video(Path(job.video), order.duration_ms, order.language, order.lines, settings))
    return _Asked(order, notes=notes)


def _record(job: DubJob) -> _Asked:
    """A record revoiced."""
    if not job.key:
        raise UsageError("--from needs the record's --key")
    order = of_record.of_dataset(Path(str(job.dataset)), job.key)
    given = voices.named(job.voices)
    if unknown := sorted(given.keys() - order.voices.keys() - {voices.EVERYBODY}):
        raise UsageError(f"{job.key}: voices were given for {', '.join(unknown)}, who say nothing; its speakers are {', '.join(order.voices)}")
    named = {name: given.get(name, given.get(voices.EVERYBODY, own)) for name, own in order.voices.items()}
    return _Asked(replace(order, voices={name: _with_labels(voice, order.voices[name]) for name, voice in named.items()}))


def _with_labels(voice: Voice, own: Voice) -> Voice:
    """A voice without attributes has those of whom it speaks for."""
    unknown = voice.age == voice.gender == "uncertain"
    return replace(voice, age=own.age, gender=own.gender) if unknown and not voice.ready else voice


def _film(job: DubJob, settings: config.Settings) -> _Asked:
    """A whole film in other words: its own voices where none are named, its faces where its dataset is."""
    if not job.video or not job.script:
        raise UsageError("--film needs the film (--video) and its translated script (--script)")
    film = stems.of_film(Path(job.video), None, settings)
    told = script.read(Path(job.script), job.language)
    order = Order(film.film.duration, told.language, told.lines, {}, told.kind, told.clue)
    if job.dataset:
        order = of_record.onto(order, Path(job.dataset), film.film.id)
    given, notes = voices.named(job.voices), []
    everybody = given.pop(voices.EVERYBODY, None)
    known = {**order.voices, **given}
    for name in dict.fromkeys(line.speaker for line in order.lines):
        if name in known:
            continue
        if everybody is None:
            spans = [Span(line.start_ms, line.end_ms) for line in order.lines if line.speaker == name and line.end_ms <= order.duration_ms]
            try:
                vocals = film.vocals(spans, 2 * _OWN_S[1], mel.RATE)
                known[name] = voices.of_sound(vocals, mel.RATE, f"{name} in the film", _OWN_S[0], film.film.language)
            except DubError as error:
                known[name] = Voice()
                notes.append(f"{error}; {name} speaks in the network's own voice: name one with --voices")
        else:
            known[name] = everybody
    return _Asked(replace(order, voices=known), film, tuple(notes))


def voiced(order: Order, given: dict[str, Voice]) -> tuple[Order, tuple[str, ...]]:
    """The order with the given voices. Where none at all are given, everybody has the network's own, and a note says so.

    Raises:
        UsageError: a voice for somebody who says nothing.
    """
    names = list(dict.fromkeys(line.speaker for line in order.lines))
    if unknown := sorted(given.keys() - set(names) - {voices.EVERYBODY}):
        raise UsageError(f"voices were given for {', '.join(unknown)}, who say nothing; the script's speakers are {', '.join(names)}")
    if not given:
        return replace(order, voices=dict.fromkeys(names, Voice())), ("no voices were given (--voices): all speak in the network's own",)
    everybody = given.get(voices.EVERYBODY)
    return replace(order, voices={name: voice for name in names if (voice := given.get(name, everybody))}), ()


def changed(order: Order, job: DubJob) -> Order:
    """The order with what the job says otherwise: words, emotion, attributes, clue."""
    lines = list(order.lines)
    if job.text is not None and 1 <= (job.line or 1) <= len(lines):
        lines[(job.line or 1) - 1] = replace(lines[(job.line or 1) - 1], text=job.text)
    if job.emotion is not None:
        lines = [replace(line, emotion=job.emotion) if job.line in (None, number) else line for number, line in enumerate(lines, start=1)]
    labels = {name: value for name, value in (("age", job.age), ("gender", job.gender)) if value is not None}
    named = {name: replace(voice, **labels) for name, voice in order.voices.items()}  # type: ignore[arg-type]
    return replace(order, lines=tuple(lines), voices=named, clue=order.clue if job.clue is None else job.clue)


def duration_ms(video: Path) -> int:
    """How long a video is.

    Raises:
        UsageError: no such file. MediaError: PROBE_UNREADABLE, or it doesn't say.
    """
    if not video.is_file():
        raise UsageError(f"{video}: no such file")
    length = media.probe(video)["format"].get("duration")
    if length is None:
        raise UsageError(f"{video}: says nothing of its duration; remux it (ffmpeg -i IN -c copy OUT.mp4)")
    return round(float(length) * 1000)


def _write(job: DubJob, out: Path, film: stems.FilmStems | None, order: Order, spoken: list[str], folder: Path) -> None:
    """The finished file. A film, or a record as MP4, keeps its background, and the new voices are as loud as the old ones were (EBU R128)."""
    if out.suffix.lower() == ".wav":
        mux.write_wav(out, takes.track(order, spoken), mel.RATE)
        return
    speech, vocals, background = (folder / f"{name}.flac" for name in ("speech", "vocals", "background"))
    sound.write(speech, (block[None] for block in takes.track(order, spoken)), mel.RATE)
    dubbed = mux.Tongue(order.language, "Dub")
    if film is not None:
        film.write("vocals", vocals)
        film.write("background", background)
        video, original = Path(str(job.video)), mux.Tongue(film.film.language, "Original")
    elif job.dataset and job.key and not job.script:
        source = dataset.load(Path(job.dataset))
        row = source.find(job.key)
        for name, path in (("mp4", folder / "clip.mp4"), ("vocals.flac", vocals), ("background.flac", background)):
            path.write_bytes(source.member(row, name))
        video, original = folder / "clip.mp4", None
    else:
        mux.write_mp4(out, Path(str(job.video)), speech, order.duration_ms, dubbed)
        return
    gain = loudness.gain_db(*(loudness.integrated(track, order.duration_ms) for track in (vocals, speech)))
    mux.write_mp4(out, video, speech, order.duration_ms, dubbed, background, gain, original)
