"""Stages in trouble: what is tried again, what stops a build, what is kept of former settings, what is not shown."""

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cinedub import config, progress, storage
from cinedub.errors import Killed, MediaError, StorageError
from schemas import AudioStream, Film, Reel, Span, VideoStream
from transforms.stage import IN_A_ROW, Losses, Stage, failure, recall


def film(number: int = 0, uri: str = "/films/a.mp4") -> Film:
    name = f"{number:016x}"
    return Film(name, name * 4, uri, "A", None, "en", VideoStream(0, "h264", 64, 48, "25"), AudioStream(1, "aac", 48000, 2), 1000)


class Cut(Stage[Film, Reel]):
    @staticmethod
    def run(film: Film, config: config.CutReels, assets: storage.Assets) -> Reel:
        return Reel(film, Span(0, config.max_ms), Span(0, config.max_ms))


class Fails(Stage[Film, Reel]):
    @staticmethod
    def run(film: Film, *_: object) -> Reel:
        raise MediaError("ODD", f"{film.title}: odd")


class KilledOnce(Stage[Film, Reel]):
    @staticmethod
    def run(film: Film, config: config.CutReels, assets: storage.Assets) -> Reel:
        if not assets.path("tried").exists():
            assets.path("tried").touch()
            raise Killed("DECODE_KILLED", "a.mp4: ffmpeg was killed from outside")
        return Reel(film, film.span, film.span)


class FullWithoutSayingSo(Stage[Film, Reel]):
    @staticmethod
    def run(film: Film, config: config.CutReels, assets: storage.Assets) -> Reel:
        assets._beside.rmdir()  # nothing can be written there any more
        raise MediaError("ENCODE_VIDEO", "a.mp4: av_interleaved_write_frame()")


def run(out: Path, films: list[Film], stage: type[Stage[Film, Reel]], settings: config.CutReels, *flags: str) -> tuple[list[str], list[str]]:
    losses = Losses()
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(list(flags)))
    reels = pipeline | beam.Create(films).with_output_types(Film) | stage(settings, losses)
    for label, items in (("reels", reels), ("failures", losses.lost[0])):
        told = items | f"{label} line" >> beam.Map(lambda noun: f"{noun.id} {getattr(noun, 'code', '')}".strip())
        _ = told | label >> beam.io.WriteToText(str(out / label), shard_name_template="")
    pipeline.run().wait_until_finish()
    reels_told, failures_told = (sorted((out / label).read_text().split()) for label in ("reels", "failures"))
    return reels_told, failures_told


def test_a_hundred_failures_of_one_kind_in_a_row_stop_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path))
    with pytest.raises(Exception, match=f"{IN_A_ROW} failures in a row with ODD"):
        run(tmp_path, [film(number) for number in range(IN_A_ROW)], Fails, config.CutReels())
    reader = progress.Reader(tmp_path)
    reader.update()
    assert reader.fatal == "Fails: 100 failures in a row with ODD; the last: A: odd; see to it and run again"


def test_one_failure_less_is_bad_luck(tmp_path: Path) -> None:
    _, failures = run(tmp_path, [film(number) for number in range(IN_A_ROW - 1)], Fails, config.CutReels())
    assert failures.count("ODD") == IN_A_ROW - 1


def test_what_was_killed_from_outside_is_tried_again_at_once(tmp_path: Path) -> None:
    reels, failures = run(tmp_path, [film()], KilledOnce, config.CutReels())
    assert len(reels) == 1 and failures == []


def test_a_tool_that_fails_because_nothing_can_be_written_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No such file or directory"):
        run(tmp_path, [film()], FullWithoutSayingSo, config.CutReels())


def test_what_was_finished_with_former_settings_is_kept_and_the_rest_is_done_with_the_new(tmp_path: Path) -> None:
    before, after = config.CutReels(max_ms=500), config.CutReels(max_ms=700)
    former = tmp_path / "former.toml"
    former.write_text(config.dump(config.Settings(reels=before)))
    run(tmp_path, [film(1)], Cut, before)
    reels, _ = run(tmp_path, [film(1), film(2)], Cut, after, f"--former_settings={former}")
    assert reels == [f"{1:016x}-000000000-000000500", f"{2:016x}-000000000-000000700"]


def test_a_result_that_a_disk_has_damaged_is_computed_anew(tmp_path: Path) -> None:
    run(tmp_path, [film()], Cut, config.CutReels(max_ms=500))
    (result,) = storage.cache_root().glob("stages/Cut/*/*/result.json")
    for damage in (b"", b"[[", b'[["Reel",{}]]', b'[["Nothing",{}]]', b"\0" * 50):
        result.write_bytes(damage)
        reels, failures = run(tmp_path, [film()], Cut, config.CutReels(max_ms=500))
        assert len(reels) == 1 and failures == [] and result.read_bytes() != damage


def test_a_result_whose_files_are_gone_is_no_result() -> None:
    place, other = storage.address("a"), storage.address("b")
    with storage.Assets("Cut", place) as assets:
        assets.path("result.json").write_text(f'["asset:Render/{other}/mp4"]')
        assets.publish()
    assert recall("Cut", place, film()) is None


def test_no_secret_is_in_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret123")
    signed = "https://me:pass@films.example/a.mp4?X-Signature=deadbeef"
    letter = failure("Probe", film(uri=signed), RuntimeError(f"GET {signed} with Bearer sk-verysecret123: 403"))
    for secret in ("deadbeef", "verysecret", "pass@"):
        assert secret not in str(letter)
    assert "https://films.example/a.mp4" in letter.message and "https://films.example/a.mp4" in letter.element


def test_a_lack_of_memory_has_its_own_code() -> None:
    assert failure("See", film(), MemoryError()).code == "OUT_OF_MEMORY"


class Failing(Stage[Film, Reel]):
    """A disk that gives input/output errors for one film, and works otherwise."""

    @staticmethod
    def run(film: Film, config: config.CutReels, assets: storage.Assets) -> Reel:
        if film.id.endswith("1"):
            raise OSError(5, "Input/output error")
        return Reel(film, film.span, film.span)


def test_a_storage_call_that_fails_costs_its_element_and_a_disk_that_fails_on_trial_stops_the_build(tmp_path: Path, monkeypatch) -> None:
    reels, failures = run(tmp_path, [film(1), film(2)], Failing, config.CutReels())
    assert len(reels) == 1 and failures == ["Failing:0000000000000001", "INTERNAL"]

    def broken(folder: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(storage, "check_space", broken)
    with pytest.raises(Exception, match="the disk fails: look at the system's log"):
        run(tmp_path, [film(1)], Failing, config.CutReels())


def test_a_film_that_may_not_be_read_is_a_dead_letter_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(MediaError, match=r"film\.mp4: can't be read: Permission denied") as caught:
        patch.setattr(storage.hashlib, "file_digest", denied)
        storage.content_digest(tmp_path / "film.mp4")
    assert caught.value.code == "PROBE_UNREADABLE"


def test_progress_that_cannot_be_written_or_was_cut_short_stops_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "nowhere"))
    progress.report("Probe", "done", 1, 1, False, 1)
    with pytest.raises(StorageError, match="out: No space left on device; free some"), progress.fatal("Collect", tmp_path / "out"):
        raise OSError(28, "No space left on device")
    note = tmp_path / "progress.jsonl"
    told = '["Probe", "done", 10, 5, 0, 1, 0]\n'
    note.write_text(f'{told}["Probe", "do{told}{told}["Prob')
    assert progress.Reader(tmp_path).update()["Probe"].done == 2


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("mkl_malloc: failed to allocate memory"), OSError(12, "Cannot allocate memory")], ids=str
)
def test_memory_that_runs_out_has_a_code_whoever_says_so(error: Exception) -> None:
    assert failure("Hear", film(), error).code == "OUT_OF_MEMORY"
    assert failure("Hear", film(), RuntimeError("a shape that nobody foresaw")).code == "INTERNAL"
