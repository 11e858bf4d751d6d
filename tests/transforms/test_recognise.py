"""One person keeps one name through clips and films; what faces and the segmenter know is heeded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cinedub import config, sync
from cinedub.storage import Assets
from schemas import AudioStream, Cast, Clip, Faces, FaceTrack, Film, Reel, Shots, Span, Stems, Turn, VideoStream, Voices, codec
from transforms.gather import appearance, gather
from transforms.hear import windows
from transforms.recognise import recognise

SETTINGS = config.Recognise()
Said = tuple[str, str, int, int]  # local voice, whose voice it is, start, end


def person(name: str, size: int = 192) -> np.ndarray:
    vector = np.random.default_rng(sum(map(ord, name)) * 7919 + len(name)).standard_normal(size)
    return vector / np.linalg.norm(vector)


def frames_in(span: Span, start: int) -> np.ndarray:
    """Which of a clip's 750 frames lie in a span."""
    at = start + 40 * np.arange(750)
    return (span.start <= at) & (at < span.end)


class Scene:
    """Clips with voices and faces as the stages before would give them; window vectors have a cosine of about 0.55 to their like."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.draw = folder, np.random.default_rng(0)
        self.voices: list[Voices] = []
        self.faces: list[Faces] = []
        self.scores: dict[str, dict[str, np.ndarray]] = {}

    def clip(self, start: int, said: list[Said], seen: list[tuple[str, FaceTrack]] | None = None, film: str = "film") -> None:
        source = Film(
            film, f"{film:0>64}", "f.mp4", film, "s", "en", VideoStream(0, "h264", 64, 36, "24/1"), AudioStream(1, "aac", 48000, 2), 10_000_000
        )
        span = Span(start, start + 30_000)
        clip = Clip(Stems(Shots(Reel(source, source.span, source.span), (source.span,)), "m", "v", "b"), span, span, (), (span,))
        turns = [(Turn(local, Span(start + a, start + b), 0.9), who) for local, who, a, b in said]
        pieces = [(window, int(turn.speaker[1:]), who) for turn, who in turns for window in windows(turn.span, span)]
        vectors = np.array([self.sounds(who) for _, _, who in pieces], np.float32).reshape(-1, 192)
        name = self.folder / f"{film}-{start}"
        np.savez(
            f"{name}-voices.npz", windows=np.array([(w.start, w.end) for w, _, _ in pieces]).reshape(-1, 2), embeddings=vectors,
            voice=np.array([v for _, v, _ in pieces], int), pitch=np.full(len(pieces), 110.0), spread=np.full(len(pieces), 3.0),
            tilt=np.full(len(pieces), -10.0), level=np.full(len(pieces), -20.0), female=np.zeros(len(pieces)),
        )  # fmt: skip
        seen = seen or []
        mouths = np.zeros((len(seen), 750))
        there, going = np.zeros((len(seen), 750), bool), np.zeros((len(seen), 750), np.float32)
        for row, (_, shown) in enumerate(seen):
            there[row] = frames_in(shown.span, start)
            for stretch, score in shown.speaking:
                going[row, frames_in(stretch, start)] = score
        mouths[:, 100:300] = 0.1 * (np.arange(200) // 3 % 2)
        np.savez(
            f"{name}-faces.npz", aperture=mouths, points=np.ones((len(mouths), 750, 1, 2)), track=there, speaking=going,
            heard=np.ones(750, np.float32),
            embedding=np.array([person(f"face {who}", 128) for who, _ in seen], np.float32).reshape(-1, 128),
        )  # fmt: skip
        self.voices.append(Voices(clip, tuple(sorted((turn for turn, _ in turns), key=lambda turn: turn.span)), f"{name}-voices.npz"))
        self.faces.append(Faces(clip, tuple(track for _, track in seen), f"{name}-faces.npz", "mp4"))

    def sounds(self, who: str) -> np.ndarray:
        """A window of a voice; ``"anna+bela"`` sounds like both."""
        centre = np.sum([person(name) for name in who.split("+")], axis=0)
        noisy = centre / np.linalg.norm(centre) + 0.9 * self.draw.standard_normal(192) / np.sqrt(192)
        return noisy / np.linalg.norm(noisy)

    def casts(self, settings: config.Recognise = SETTINGS) -> list[Cast]:
        films = dict.fromkeys(item.clip.film.id for item in self.voices)
        parts = [appearance(*([item for item in side if item.clip.film.id == film] for side in (self.voices, self.faces))) for film in films]
        with Assets("Recognise", "0" * 32) as assets:
            casts = recognise(gather("series:s", [part for part in parts if part]), settings, assets)
            self.scores = {one.id: dict(np.load(assets.path(f"{one.id}.npz"))) for one in casts if one.speaking}
        return casts


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def names(cast: Cast) -> list[tuple[str, int, int]]:
    start = cast.clip.span.start
    return [(turn.speaker, turn.span.start - start, turn.span.end - start) for turn in cast.turns]


def face(index: int, start: int, end: int, speaking: tuple[int, int] | None = None, female: float | None = None) -> FaceTrack:
    return FaceTrack(index, Span(start, end), 100, 0.9, 30.0, female, {}, ((Span(*speaking), 0.9),) if speaking else ())


@pytest.mark.parametrize("distance", [0.58, 0.64, 0.70])
def test_people_keep_their_names_through_clips_and_films_by_first_appearance(scene: Scene, distance: float) -> None:
    scene.clip(0, [("v0", "anna", 0, 4000), ("v1", "bela", 4200, 8000)])
    scene.clip(40_000, [("v0", "bela", 0, 3000), ("v1", "carl", 3100, 9000)])
    scene.clip(0, [("v0", "carl", 0, 5000), ("v1", "anna", 5100, 9000)], film="second")
    first, second, third = scene.casts(config.Recognise(voice_distance=distance))
    assert [n for n, _, _ in names(first)] == ["s001", "s002"]
    assert [n for n, _, _ in names(second)] == ["s002", "s003"]
    assert [n for n, _, _ in names(third)] == ["s003", "s001"]
    assert {s.id for s in third.speakers} == {"s001", "s003"}


def test_one_local_voice_that_holds_two_people_is_split_where_they_change(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 5000), ("v0", "bela", 5000, 10_000)])
    assert [n for n, _, _ in names(scene.casts()[0])] == ["s001", "s002"]


def test_pauses_are_joined_unless_somebody_speaks_in_them(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 3000), ("v0", "anna", 4400, 8000), ("v0", "anna", 10_000, 14_000)])
    scene.clip(40_000, [("v0", "anna", 0, 3000), ("v1", "bela", 3050, 4200), ("v0", "anna", 4400, 8000)])
    first, second = scene.casts()
    assert names(first) == [("s001", 0, 8000), ("s001", 10_000, 14_000)]
    assert names(second) == [("s001", 0, 3000), ("s002", 3050, 4200), ("s001", 4400, 8000)]


def test_two_voices_at_once_are_two_people_with_two_turns(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 6000), ("v1", "anna", 4000, 10_000)])
    turns = names(scene.casts()[0])
    assert turns == [("s001", 0, 6000), ("s002", 4000, 10_000)]


def test_nobody_speaks_twice_at_once_however_alike_a_mixture_sounds(scene: Scene) -> None:
    """A local voice is bela's under anna's and anna's alone later: where both speak it sounds like anna, who is speaking already."""
    scene.clip(0, [("v0", "anna", 0, 6000), ("v1", "anna+anna+bela", 3000, 5000), ("v1", "anna", 8000, 12_000), ("v2", "bela", 13_000, 18_000)])
    turns = names(scene.casts()[0])
    assert turns == [("s001", 0, 6000), ("s002", 3000, 5000), ("s001", 8000, 12_000), ("s002", 13_000, 18_000)]


def test_a_voice_that_is_never_heard_alone_is_whose_its_neighbours_are(scene: Scene) -> None:
    scene.clip(0, [("v1", "carl", 0, 3500), ("v0", "anna", 4000, 12_000), ("v1", "anna+bela", 5000, 11_000), ("v2", "bela", 13_000, 18_000)])
    turns = names(scene.casts()[0])
    assert turns == [("s001", 0, 3500), ("s002", 4000, 12_000), ("s001", 5000, 11_000), ("s003", 13_000, 18_000)]


def test_a_short_turn_takes_its_speaker_from_its_clip(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 5000), ("v1", "noise", 6000, 6300), ("v0", "anna", 7000, 12_000)])
    assert {n for n, _, _ in names(scene.casts()[0])} == {"s001"}


def test_a_syllable_founds_nobody_where_everybody_is_heard_shortly(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 1800), ("v1", "bela", 1900, 4400), ("v2", "noise", 4500, 4700)])
    assert {n for n, _, _ in names(scene.casts()[0])} == {"s001", "s002"}


def test_faces_seen_speaking_settle_what_voices_leave_in_doubt(scene: Scene) -> None:
    half = "anna+bela"  # as like to either
    scene.clip(0, [("v0", half, 0, 8000)], [("x", face(0, 0, 9000, (0, 8000)))])
    scene.clip(40_000, [("v0", "anna", 0, 8000)], [("x", face(0, 40_000, 49_000, (40_000, 48_000)))])
    scene.clip(80_000, [("v0", "bela", 0, 8000)], [("y", face(0, 80_000, 89_000, (80_000, 88_000)))])
    assert [names(cast)[0][0] for cast in scene.casts()] == ["s001", "s001", "s002"]


def test_a_speakers_faces_are_those_seen_speaking_with_the_voice_in_every_clip(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 8000)], [("x", face(0, 0, 9000, (0, 8000), 0.9)), ("y", face(1, 0, 9000))])
    scene.clip(40_000, [("v0", "anna", 0, 5000)], [("y", face(0, 40_000, 49_000)), ("x", face(1, 40_000, 49_000))])
    first, second = scene.casts()
    assert first.speakers[0].faces == (0,) and second.speakers[0].faces == (1,)
    assert first.speakers[0].age == second.speakers[0].age == "adult"


def test_a_clip_in_which_nobody_is_heard_has_an_empty_cast(scene: Scene) -> None:
    scene.clip(0, [])
    scene.clip(40_000, [("v0", "anna", 0, 5000)])
    empty, full = scene.casts()
    assert empty.speakers == empty.turns == () and names(full) == [("s001", 0, 5000)]


def test_turns_cover_what_the_segmenter_heard_and_nothing_else(scene: Scene) -> None:
    said = [("v0", "anna", 0, 700), ("v1", "bela", 900, 5200), ("v0", "anna", 5000, 9000), ("v2", "carl", 8000, 8400)]
    scene.clip(0, said)
    heard = np.zeros(30_000, bool)
    for _, start, end in names(scene.casts(config.Recognise(join_gap_ms=0))[0]):
        heard[start:end] = True
    wanted = np.zeros(30_000, bool)
    for _, _, start, end in said:
        wanted[start:end] = True
    assert np.array_equal(heard, wanted)


def test_an_episode_that_is_added_at_the_end_renames_nobody(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 4000), ("v1", "bela", 4200, 8000)], film="episode-2")
    scene.clip(0, [("v0", "carl", 0, 5000), ("v1", "bela", 5100, 9000), ("v2", "noise", 9500, 9900)], film="episode-9")
    before = [names(cast) for cast in scene.casts()]
    scene.clip(
        0,
        [("v0", "dora", 0, 4000), ("v1", "anna+bela", 4100, 9000), ("v2", "noise", 9100, 14_000), ("v1", "carl", 14_500, 20_000)],
        film="episode-10",
    )
    after = scene.casts()
    assert [cast.clip.film.id for cast in after] == ["episode-2", "episode-9", "episode-10"]
    assert [names(cast) for cast in after[:2]] == before
    assert names(after[2])[0][0] not in {name for said in before for name, _, _ in said}


def test_what_is_gathered_of_a_film_stays_small_however_long_it_is(scene: Scene) -> None:
    for number in range(40):
        scene.clip(number * 40_000, [("v0", "anna", 0, 4000), ("v1", "bela", 4200, 8000)])
    part = appearance(scene.voices, scene.faces)
    assert part is not None and len(codec.encode(gather("film:film", [part]))) < 2_000
    assert appearance(reversed(scene.voices), scene.faces) == part
    assert appearance(scene.voices, []) is None


def test_a_cast_knows_when_mouths_move_and_when_they_are_still(scene: Scene) -> None:
    scene.clip(40_000, [("v0", "anna", 0, 8000)], [("x", face(0, 40_000, 70_000))])
    scene.clip(80_000, [("v0", "anna", 0, 8000)])
    seen, unseen = scene.casts()
    assert unseen.moving == unseen.still == ()
    assert len(seen.moving) == 1 and abs(seen.moving[0].start - 44_000) < 500 and abs(seen.moving[0].end - 52_000) < 500
    assert seen.still == (Span(40_000, seen.moving[0].start), Span(seen.moving[0].end, 70_000))


def test_a_face_that_speaks_elsewhere_speaks_here_though_its_mouth_is_not_seen(scene: Scene) -> None:
    scene.clip(0, [("v0", "anna", 0, 8000)], [("x", face(0, 0, 9000, (0, 8000)))])
    scene.clip(40_000, [("v0", "anna", 0, 8000)], [("x", face(0, 40_000, 49_000)), ("y", face(1, 40_000, 49_000))])
    _, second = scene.casts()
    own, other = scene.scores[second.id]["speaking"][:, :200]
    assert own.min() > 0.5 > other.max() and scene.scores[second.id]["speaking"][:, 230:].max() == 0
    assert [bool(track.speaking) for track in second.faces.tracks] == [True, False]


def test_a_mouth_that_moves_with_anothers_voice_does_not_speak(scene: Scene) -> None:
    """x is known to speak with anna's voice; y's mouth goes with it for once while x is there too."""
    scene.clip(0, [("v0", "anna", 0, 8000)], [("x", face(0, 0, 9000, (0, 8000)))])
    scene.clip(40_000, [("v0", "bela", 0, 8000)], [("y", face(0, 40_000, 49_000, (40_000, 48_000)))])
    scene.clip(80_000, [("v0", "anna", 0, 8000)], [("x", face(0, 80_000, 89_000)), ("y", face(1, 80_000, 89_000, (80_000, 84_000)))])
    *_, third = scene.casts()
    own, other = scene.scores[third.id]["speaking"][:, :200]
    assert own.min() > 0.5 > other.max()


def test_two_who_speak_at_once_are_both_seen_speaking(scene: Scene) -> None:
    scene.clip(
        0, [("v0", "anna", 0, 6000), ("v1", "bela", 4000, 10_000)], [("x", face(0, 0, 10_000, (0, 6000))), ("y", face(1, 0, 10_000, (4000, 10_000)))]
    )
    (only,) = scene.casts()
    anna, bela = scene.scores[only.id]["speaking"] > 0.5
    assert anna[:150].all() and not anna[150:250].any() and bela[100:250].all() and not bela[:100].any()


def test_a_film_whose_sound_is_late_puts_a_clip_in_step_that_says_too_little_by_itself(scene: Scene, tmp_path: Path) -> None:
    """Two clips are sure that the sound is 200 ms late, the third hardly, a fourth sees no mouth: the third's mouth is heard anew, in silence."""
    soundfile.write(tmp_path / "vocals.flac", np.zeros(3000 * 200), 200)
    for start, who in ((0, "anna"), (40_000, "anna"), (80_000, "bela"), (120_000, "anna")):
        scene.clip(start, [("v0", who, 0, 4000)], [(who, face(0, start, start + 9000, speaking=(start, start + 4000)))])
    says = [np.where(sync.OFFSETS == 200, much, 0.0) for much in (9.0, 9.0, 3.0)]
    for number, odds in enumerate(says):
        seen = scene.faces[number]
        with np.load(seen.arrays) as arrays:
            np.savez(seen.arrays, **arrays, offsets=odds)
        stems = dataclasses.replace(seen.clip.stems, vocals=str(tmp_path / "vocals.flac"))
        scene.faces[number] = dataclasses.replace(seen, sync=sync.likeliest(odds), clip=dataclasses.replace(seen.clip, stems=stems))
    assert [sync.known_ms(seen.sync) for seen in scene.faces] == [200, 200, 0, 0]
    casts = scene.casts()
    assert [sync.known_ms(cast.faces.sync) for cast in casts] == [200, 200, 200, 0] and casts[3].faces.sync is None
    spoken = [scene.scores[cast.id]["speaking"].max() > 0.5 for cast in casts]
    assert spoken == [True, True, False, True]
