"""How stages run, shown on a stage small enough to see through."""

import json

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.typehints.decorators import TypeCheckError

from cinedub import config, storage
from cinedub.errors import MediaError
from schemas import AudioStream, Dropped, Failure, Film, Reel, Shots, Span, VideoStream
from transforms.stage import Losses, Stage, description, identity, recall


def film(name: str = "f" * 16, duration: int = 1000, uri: str = "/films/a.mp4") -> Film:
    return Film(name, name * 4, uri, "A", None, "en", VideoStream(0, "h264", 64, 48, "25"), AudioStream(1, "aac", 48000, 2), duration)


def halve(film: Film, config: config.CutReels, assets: storage.Assets) -> list[Reel | Dropped]:
    """Two reels of a film; odd films fail, very short ones are dropped."""
    if film.duration % 2:
        raise MediaError("ODD", f"{film.title}: lasts an odd time")
    if film.duration < 10:
        return [Dropped(f"{film.id}-0", film.id, film.span, "Halve", "SHORT", film.duration, 10)]
    assets.path("ran").write_text(str(film.duration))
    middle = film.duration // 2
    return [Reel(film, span, span) for span in (Span(0, middle), Span(middle, film.duration))]


class Halve(Stage[Film, Reel]):
    run = staticmethod(halve)


class Full(Stage[Film, Reel]):
    @staticmethod
    def run(*_: object) -> Reel:
        raise OSError(28, "No space left on device")


def run(films: list[Film], stage: type[Stage[Film, Reel]] = Halve) -> tuple[list[str], list[str], list[str], dict[str, int]]:
    losses, out = Losses(), storage.cache_root() / "out"
    out.mkdir(parents=True, exist_ok=True)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    reels = pipeline | beam.Create(films).with_output_types(Film) | stage(config.CutReels(), losses)
    failures, dropped = (losses.lost[0] | kind.__name__ >> beam.Filter(isinstance, kind) for kind in (Failure, Dropped))
    for label, items in (("reels", reels), ("failures", failures), ("dropped", dropped)):
        _ = (
            items
            | f"{label} line" >> beam.Map(lambda noun: f"{noun.id} {getattr(noun, 'code', '')}".strip())
            | label >> beam.io.WriteToText(str(out / label), shard_name_template="")
        )
    result = pipeline.run()
    result.wait_until_finish()
    counters = {
        counter.key.metric.name: counter.result for counter in result.metrics().query()["counters"] if counter.key.metric.namespace == "Halve"
    }
    return (*(sorted((out / label).read_text().split("\n"))[1:] for label in ("reels", "failures", "dropped")), counters)  # type: ignore[return-value]


def test_one_bad_element_becomes_a_dead_letter_and_the_others_go_on() -> None:
    reels, failures, dropped, counters = run([film("a" * 16), film("b" * 16, 1001), film("c" * 16, 4)])
    assert reels == [f"{'a' * 16}-000000000-000000500", f"{'a' * 16}-000000500-000001000"]
    assert failures == [f"Halve:{'b' * 16} ODD"]
    assert dropped == [f"{'c' * 16}-0 SHORT"]
    assert (counters["done"], counters["failed"], counters["dropped"], counters["out"]) == (2, 1, 1, 2)


def test_a_second_run_computes_nothing_and_gives_the_same() -> None:
    first = run([film()])
    ran = next(storage.cache_root().glob("stages/Halve/*/*/ran"))
    ran.unlink()
    second = run([film()])
    assert second[0] == first[0] and second[3]["cached"] == 1
    assert not ran.exists()


def test_a_film_that_moved_is_remembered_and_its_results_name_the_new_place() -> None:
    run([film()])
    moved = film(uri="/elsewhere/b.mp4")
    assert identity(moved) == identity(film())
    nouns = recall("Halve", storage.address(description(Halve, config.CutReels()), identity(moved)), moved)
    assert nouns is not None and nouns[0].film.uri == "/elsewhere/b.mp4"


def test_settings_and_code_version_change_the_address() -> None:
    class Newer(Halve):
        version = 2

    Newer.__name__ = "Halve"
    plain = description(Halve, config.CutReels())
    assert plain != description(Halve, config.CutReels(max_ms=1))
    assert plain != description(Newer, config.CutReels())
    assert plain == description(Halve, config.CutReels())


def test_a_model_is_known_by_its_files_and_options_not_by_its_threads() -> None:
    known = [
        description(Halve, config.Transcribe(config.Model("faster-whisper", "whisper-base", threads=threads, options=options)))
        for threads, options in ((1, ()), (2, ()), (2, (("beam_size", 1),)))
    ]
    assert known[0] == known[1] != known[2]


def test_a_full_disk_stops_the_build_instead_of_failing_every_element() -> None:
    with pytest.raises(Exception, match=r"No space left on device; free some"):
        run([film()], Full)


def test_beam_refuses_stages_in_the_wrong_order_while_the_pipeline_is_built() -> None:
    class Later(Stage[Shots, Reel]):
        run = staticmethod(halve)

    pipeline = beam.Pipeline(runner=FnApiRunner())
    with pytest.raises(TypeCheckError):
        _ = pipeline | beam.Create([film()]).with_output_types(Film) | Later(config.CutReels(), Losses())


def test_a_dead_letter_carries_the_element_and_no_trace_of_the_machine() -> None:
    from transforms.stage import failure

    letter = failure("Halve", film(), MediaError("ODD", "odd"))
    assert json.loads(letter.element)["id"] == "f" * 16
    assert (letter.code, letter.message) == ("ODD", "odd")
    assert len(letter.trace) == 12
