"""Perfect input gives a perfect score; every planted fault moves its measure by the amount expected, and no other."""

from __future__ import annotations

import copy
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cinedub.cli import main
from cinedub.errors import CinedubError, UsageError
from cinedub.score import markdown, score, table
from cinedub.truth import read
from schemas import Dropped, Span
from transforms.write_losses import write_dropped

#: Two scenes of 10 s: a dialogue of four lines, then a monologue of one. 20 English words in all.
LINES = [
    (0, 2000, "s1", "Where were you last night?"),
    (2500, 4500, "s2", "I was at home, alone."),
    (5000, 7000, "s1", "Don't lie to me!"),
    (7500, 9500, "s2", "I never do."),
    (11000, 15000, "s3", "Nobody saw anything."),
]
GENDERS = {"s1": "female", "s2": "male", "s3": "male"}
TRUTH = {
    "film": "alibi",
    "duration_ms": 20_000,
    "language": "en",
    "lines": [
        {"source": "kitchen" if start < 10_000 else "court", "start_ms": start, "end_ms": end, "text": text, "speaker": speaker,
         "kind": "dialogue" if start < 10_000 else "monologue"}
        for start, end, speaker, text in LINES
    ],
    "turns": [{"start_ms": start, "end_ms": end, "speaker": speaker, "gender": GENDERS[speaker]} for start, end, speaker, _ in LINES],
}  # fmt: skip


def clip(start: int, end: int, kind: str) -> dict[str, Any]:
    inside = [(a - start, b - start, f"film-{speaker}", text) for a, b, speaker, text in LINES if start <= a < end]
    turns = [{"speaker": speaker, "start_ms": a, "end_ms": b, "score": 1.0} for a, b, speaker, _ in inside]
    return {
        "schema": 1,
        "key": f"alibi-{start:09d}-{end:09d}",
        "film": {"id": "0123", "title": "alibi"},
        "span_ms": [start, end],
        "kind": kind,
        "lines": [{"speaker": speaker, "start_ms": a, "end_ms": b, "text": text, "asr_text": text} for a, b, speaker, text in inside],
        "turns": turns,
        "asr_turns": copy.deepcopy(turns),
        "speakers": [{"id": name, "gender": GENDERS[name[5:]]} for name in sorted({turn["speaker"] for turn in turns})],
    }


def dataset(folder: Path, records: list[dict[str, Any]]) -> Path:
    """A finished dataset of these annotations alone."""
    out = folder / "out"
    (out / "shards").mkdir(parents=True)
    with tarfile.open(out / "shards" / "cinedub-train-00000.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for record in records:
            data = json.dumps(record).encode()
            info = tarfile.TarInfo(f"{record['key']}.json")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    (out / "dataset.json").write_text(json.dumps({"shards": [{"uri": "shards/cinedub-train-00000.tar"}]}))
    (out / "_SUCCESS").touch()
    return out


def truth_file(folder: Path, truth: dict[str, Any] = TRUTH) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "alibi.json"
    path.write_text(json.dumps(truth))
    return path


def perfect() -> list[dict[str, Any]]:
    return [clip(0, 10_000, "dialogue"), clip(10_000, 16_000, "monologue")]


def measure(folder: Path, records: list[dict[str, Any]]) -> dict[str, Any]:
    return score(dataset(folder, records), [truth_file(folder)])["films"]["alibi"]


RATES = ("wer", "wer_before", "cpwer", "cpwer_before", "der", "der_before", "der_strict", "der_strict_before")
COUNTS = ("joins", "lines", "kind", "gender")


def changed(measures: dict[str, Any]) -> set[str]:
    """Names of the measures that aren't perfect."""
    off = {name for name in RATES if measures[name]["rate"] != 0}
    off |= {name for name in COUNTS if measures[name]["right"] != measures[name]["of"]}
    return off | ({"speakers"} if measures["speakers"]["truth"] != measures["speakers"]["found"] else set())


def test_perfect_input_gives_a_perfect_score(tmp_path: Path) -> None:
    measures = measure(tmp_path, perfect())
    assert changed(measures) == set()
    assert measures["wer"]["words"] == 21  # "don't" is two
    assert [measures[name]["of"] for name in COUNTS] == [1, 5, 2, 3]
    assert measures["der_strict"]["total"] == 12.0


def plant(change: Callable[[list[dict[str, Any]]], Any]) -> list[dict[str, Any]]:
    records = perfect()
    change(records)
    return records


def test_a_misheard_word_that_was_corrected_counts_before_correction_only(tmp_path: Path) -> None:
    measures = measure(tmp_path, plant(lambda r: r[0]["lines"][0].update(asr_text="Where were you last knight?")))
    assert changed(measures) == {"wer_before", "cpwer_before"}
    assert measures["wer_before"]["rate"] == 1 / 21
    assert measures["wer_before"]["substitutions"] == 1


def test_words_lost_added_and_changed_are_counted_apart(tmp_path: Path) -> None:
    def fault(records: list[dict[str, Any]]) -> None:
        records[0]["lines"][0]["text"] = "Where where were you last"
        records[0]["lines"][3]["text"] = "I never did."

    measures = measure(tmp_path, plant(fault))
    assert changed(measures) == {"wer", "cpwer"}
    assert (measures["wer"]["substitutions"], measures["wer"]["deletions"], measures["wer"]["insertions"]) == (1, 1, 1)
    assert measures["wer"]["rate"] == 3 / 21


def test_spelling_of_numbers_case_and_punctuation_do_not_count(tmp_path: Path) -> None:
    assert changed(measure(tmp_path, plant(lambda r: r[0]["lines"][2].update(text="DON’T lie — to me")))) == set()


def test_a_line_given_to_another_speaker_moves_cpwer_and_not_wer(tmp_path: Path) -> None:
    measures = measure(tmp_path, plant(lambda r: r[0]["lines"][3].update(speaker="film-s1")))
    assert changed(measures) == {"cpwer", "cpwer_before"}
    assert measures["cpwer"]["errors"] == 3 + 3  # three words lost by one speaker, three added to the other


def test_a_turn_given_to_another_speaker_is_confusion(tmp_path: Path) -> None:
    measures = measure(tmp_path, plant(lambda r: r[0]["turns"][3].update(speaker="film-s1")))
    assert changed(measures) == {"der", "der_strict"}
    assert measures["der_strict"]["confusion"] == 2.0
    assert measures["der_strict"]["rate"] == pytest.approx(2 / 12)
    assert measures["der"]["confusion"] == 1.5  # the collar leaves out 0.25 s at each border
    assert measures["der"]["rate"] == pytest.approx(1.5 / 9.5)


def test_a_lost_turn_is_missed_speech_and_an_invented_one_a_false_alarm(tmp_path: Path) -> None:
    def fault(records: list[dict[str, Any]]) -> None:
        del records[0]["turns"][1]
        records[1]["turns"].append({"speaker": "film-s3", "start_ms": 5500, "end_ms": 6000, "score": 1.0})

    measures = measure(tmp_path, plant(fault))
    assert changed(measures) == {"der", "der_strict"}
    assert (measures["der_strict"]["missed"], measures["der_strict"]["false_alarm"]) == (2.0, 0.5)


def test_a_border_off_by_200_ms_is_inside_the_collar(tmp_path: Path) -> None:
    measures = measure(tmp_path, plant(lambda r: r[1]["turns"][0].update(end_ms=4800)))
    assert changed(measures) == {"der_strict"}
    assert measures["der_strict"]["missed"] == pytest.approx(0.2)


def test_one_person_split_in_two_moves_the_speaker_count(tmp_path: Path) -> None:
    def fault(records: list[dict[str, Any]]) -> None:
        records[0]["turns"][3]["speaker"] = records[0]["lines"][3]["speaker"] = "film-s4"
        records[0]["speakers"].append({"id": "film-s4", "gender": "male"})

    measures = measure(tmp_path, plant(fault))
    assert changed(measures) == {"speakers", "der", "der_strict", "cpwer", "cpwer_before"}
    assert measures["speakers"] == {"truth": 3, "found": 4, "error": 1}


def test_a_clip_over_a_join_between_scenes_is_found_and_one_that_touches_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    def touch(records: list[dict[str, Any]]) -> None:
        records[0]["span_ms"][1] = 11_090  # the join is somewhere before the next scene's first line, at 11 s

    assert changed(measure(tmp_path / "a", plant(touch))) == set()

    def cross(records: list[dict[str, Any]]) -> None:
        records[0]["span_ms"][1] = 11_110

    assert changed(measure(tmp_path / "b", plant(cross))) == {"joins"}


def test_a_wrong_kind_and_a_wrong_gender_count_once_each(tmp_path: Path) -> None:
    def fault(records: list[dict[str, Any]]) -> None:
        records[1]["kind"] = "narration"
        records[1]["speakers"][0]["gender"] = "female"

    measures = measure(tmp_path, plant(fault))
    assert changed(measures) == {"kind", "gender"}
    assert measures["kind"] == {"of": 2, "right": 1}
    assert measures["gender"] == {"of": 3, "right": 2}


def test_a_clip_that_was_lost_costs_its_words_its_speech_and_its_scene(tmp_path: Path) -> None:
    measures = measure(tmp_path, perfect()[:1])
    assert changed(measures) >= {"wer", "der", "lines", "kind", "gender", "speakers"}
    assert measures["wer"]["deletions"] == 3
    assert measures["lines"] == {"of": 5, "right": 4}
    assert measures["der_strict"]["missed"] == 4.0


def test_what_the_truth_does_not_know_is_not_measured(tmp_path: Path) -> None:
    out = dataset(tmp_path, perfect())
    voices_only = score(out, [truth_file(tmp_path, {**TRUTH, "lines": []})])["films"]["alibi"]
    assert voices_only["der_strict"]["rate"] == 0 and voices_only["speakers"]["error"] == 0
    assert not {"wer", "wer_before", "cpwer"} & set(voices_only)
    words_only = score(out, [truth_file(tmp_path, {**TRUTH, "turns": []})])["films"]["alibi"]
    assert words_only["wer"]["rate"] == 0
    assert not {"der", "der_strict", "purity", "speakers"} & set(words_only)


def test_a_film_of_which_nothing_is_left_is_all_errors(tmp_path: Path) -> None:
    measures = measure(tmp_path, [])
    assert measures["wer"]["rate"] == measures["der"]["rate"] == measures["cpwer"]["rate"] == 1.0


def test_chinese_is_scored_by_characters_and_in_simplified_ones(tmp_path: Path) -> None:
    truth = {
        "film": "alibi", "duration_ms": 4000, "lines": [{"start_ms": 0, "end_ms": 3000, "text": "二十一是薛妹妹的生日，", "kind": "monologue"}],
        "turns": [{"start_ms": 0, "end_ms": 3000, "speaker": "a", "gender": "女"}],
    }  # fmt: skip
    record = clip(0, 3000, "monologue")
    record["lines"] = [{"speaker": "x", "start_ms": 0, "end_ms": 3000, "text": "21是薛妹妹的生日", "asr_text": "二十一 是雪妹妹的生日。"}]
    record["turns"] = record["asr_turns"] = [{"speaker": "x", "start_ms": 0, "end_ms": 3000, "score": 1.0}]
    record["speakers"] = [{"id": "x", "gender": "female"}]
    measures = score(dataset(tmp_path, [record]), [truth_file(tmp_path, truth)])["films"]["alibi"]
    assert measures["cer"]["rate"] == 0.0
    assert measures["cer_before"] == {
        "rate": 1 / 10, "words": 10, "errors": 1, "substitutions": 1, "deletions": 0, "insertions": 0, "hits": 9,
    }  # fmt: skip
    assert measures["cpcer"]["rate"] == 0.0
    assert measures["gender"]["right"] == 1


def test_words_of_turns_tell_speakers_apart_where_a_line_is_a_whole_scene(tmp_path: Path) -> None:
    scenes = [
        {"source": "kitchen", "start_ms": 0, "end_ms": 10_000, "text": " ".join(line[3] for line in LINES[:4]), "kind": "dialogue"},
        {"source": "court", "start_ms": 10_000, "end_ms": 20_000, "text": LINES[4][3], "kind": "monologue"},
    ]
    records = plant(lambda r: r[0]["lines"][3].update(speaker="film-s1"))
    coarse = score(dataset(tmp_path, records), [truth_file(tmp_path, {**TRUTH, "lines": scenes})])["films"]["alibi"]
    turns = [{**turn, "text": line[3]} for turn, line in zip(TRUTH["turns"], LINES, strict=True)]
    fine = score(tmp_path / "out", [truth_file(tmp_path, {**TRUTH, "lines": scenes, "turns": turns})])["films"]["alibi"]
    assert (coarse["cpwer"]["words"], coarse["cpwer"]["errors"]) == (3, 0)  # only the monologue's speaker is known
    assert (fine["cpwer"]["words"], fine["cpwer"]["errors"]) == (21, 6)
    assert coarse["wer"] == fine["wer"]


def test_turns_in_an_rttm_file_beside_the_truth_go_first(tmp_path: Path) -> None:
    (tmp_path / "alibi.rttm").write_text("SPEAKER alibi 1 0.000 2.000 <NA> <NA> s1 <NA> <NA>\n")
    measures = measure(tmp_path, perfect())
    assert measures["der_strict"]["total"] == 2.0
    assert measures["der_strict"]["false_alarm"] == 10.0


def told(**facts: Any) -> dict[str, Any]:
    """The truth with what a generated film's turns know besides, in every turn or in the first."""
    turns = [{**turn, "text": line[3], "seen_ms": [[line[0], line[1]]], "emotion": "anger"} for turn, line in zip(TRUTH["turns"], LINES, strict=True)]
    return {**TRUTH, "turns": [{**turns[0], **facts}, *turns[1:]]}


def felt(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for record in records:
        for line in record["lines"]:
            line |= {"on_screen": True, "emotion": {"label": "anger", "confidence": 1.0}}
    return records


def test_who_is_seen_while_speaking_and_in_what_mood_is_counted_by_turns(tmp_path: Path) -> None:
    out = dataset(tmp_path, felt(perfect()))
    right = score(out, [truth_file(tmp_path, told())])["films"]["alibi"]
    assert right["on_screen"] == right["emotion"] == {"of": 5, "right": 5}
    half = score(out, [truth_file(tmp_path, told(seen_ms=[[0, 999]], emotion="fear"))])["films"]["alibi"]
    assert half["on_screen"] == half["emotion"] == {"of": 5, "right": 4}
    lost = score(dataset(tmp_path / "b", felt(perfect()[:1])), [truth_file(tmp_path, told())])["films"]["alibi"]
    assert lost["on_screen"] == {"of": 5, "right": 4}


def test_a_border_that_is_late_moves_the_mean_error_by_its_share(tmp_path: Path) -> None:
    words = [{"text": word, "start_ms": 400 * n, "end_ms": 400 * n + 300} for n, word in enumerate(LINES[0][3].split())]
    records = felt(perfect())
    records[0]["lines"][0]["words"] = copy.deepcopy(words)
    truth = truth_file(tmp_path, told(words=words))
    right = score(dataset(tmp_path / "a", records), [truth])["films"]["alibi"]
    assert right["border_ms"] == {"of": 10, "sum": 0, "mean": 0.0}
    records[0]["lines"][0]["words"][2]["end_ms"] += 150
    records[0]["lines"][0]["words"][1]["text"] = "where"  # another word's borders say nothing
    late = score(dataset(tmp_path / "b", records), [truth])["films"]["alibi"]
    assert late["border_ms"] == {"of": 8, "sum": 150, "mean": 150 / 8}
    assert late["borders_near"] == {"of": 8, "right": 7}


def test_the_kinds_table_says_what_a_scene_was_taken_for(tmp_path: Path) -> None:
    records = plant(lambda r: r[1].update(kind="narration"))
    kinds = measure(tmp_path, records)["kinds"]
    assert {(true, found): n for true, row in kinds.items() for found, n in row.items() if n} == {
        ("dialogue", "dialogue"): 1,
        ("monologue", "narration"): 1,
    }
    assert "| true \\ found | narration | monologue | dialogue | ensemble | lost |" in markdown(score(tmp_path / "out", [tmp_path / "alibi.json"]))


def test_one_name_for_two_people_lowers_purity_and_two_names_for_one_lower_coverage(tmp_path: Path) -> None:
    def merge(records: list[dict[str, Any]]) -> None:
        records[1]["turns"][0]["speaker"] = "film-s1"  # 4 s of s3 beside 4 s of s1

    measures = measure(tmp_path / "a", plant(merge))
    assert measures["purity"] == {"of": 12.0, "right": 8.0}
    assert measures["coverage"] == {"of": 12.0, "right": 12.0}
    measures = measure(tmp_path / "b", plant(lambda r: r[0]["turns"][3].update(speaker="film-s4")))
    assert measures["purity"] == {"of": 12.0, "right": 12.0}
    assert measures["coverage"] == {"of": 12.0, "right": 10.0}


def test_speech_is_lost_to_the_gate_that_refused_its_clip_or_to_no_clip_at_all(tmp_path: Path) -> None:
    out = dataset(tmp_path, perfect()[:1])
    span = Span(11_000, 13_000)
    write_dropped([Dropped("alibi-x", "0123", span, "Judge", "LOW_DNSMOS", 1.0, 2.0, "")], out / "dropped.parquet")
    measures = score(out, [truth_file(tmp_path)])["films"]["alibi"]
    assert measures["speech"] == {"of": 12.0, "right": 8.0}
    assert measures["lost"] == {"Judge: LOW_DNSMOS": 2.0, "no clip": 2.0}


def test_the_total_is_of_sums_and_tables_show_every_film(tmp_path: Path) -> None:
    second = {**TRUTH, "film": "other", "lines": TRUTH["lines"][4:], "turns": TRUTH["turns"][4:]}
    (tmp_path / "other.json").write_text(json.dumps(second))
    scores = score(dataset(tmp_path, perfect()), [truth_file(tmp_path), tmp_path / "other.json"])
    assert scores["total"]["wer"]["rate"] == 3 / 24
    assert scores["total"]["joins"] == {"of": 1, "right": 1}
    head, _, *rows = markdown(scores).split("\n\n")[0].splitlines()
    assert head == "| measure | alibi | other | total |"
    assert any(row.startswith("| WER | 0.00 → 0.00 % | 100.00 → 100.00 % | 12.50 → 12.50 % |") for row in rows)
    assert len(table(scores).split("\n\n")[0].splitlines()) == len(rows) + 1


def test_the_command_writes_both_forms_and_fails_when_a_figure_fell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, kept = str(truth_file(tmp_path)), tmp_path / "kept.json"
    assert main(["score", str(dataset(tmp_path, perfect())), "--truth", truth, "--write", str(kept)]) == 0
    assert kept.with_suffix(".md").read_text().startswith("| measure | alibi | total |")
    worse = dataset(tmp_path / "b", plant(lambda r: r[1].update(kind="narration")))
    capsys.readouterr()
    assert main(["score", str(worse), "--truth", truth, "--against", str(kept)]) == 1
    assert capsys.readouterr().err == "cinedub: kind (right/of) fell from 1 to 0.5, tolerance 0.1\n"


def test_a_script_is_the_same_while_times_move_and_another_when_a_word_does(tmp_path: Path) -> None:
    later = {**TRUTH, "lines": [{**line, "end_ms": line["end_ms"] + 1} for line in TRUTH["lines"]]}
    reworded = {**TRUTH, "lines": [{**TRUTH["lines"][0], "text": "Where was he?"}, *TRUTH["lines"][1:]]}
    same, moved, other = (read(truth_file(tmp_path / name, truth)).script for name, truth in (("a", TRUTH), ("b", later), ("c", reworded)))
    assert same == moved != other


def test_an_unfinished_dataset_and_a_truth_that_is_none_are_refused(tmp_path: Path) -> None:
    out = dataset(tmp_path, perfect())
    (tmp_path / "bad.json").write_text('{"film": 3}')
    with pytest.raises(UsageError, match=r"bad\.json"):
        score(out, [tmp_path / "bad.json"])
    (out / "_SUCCESS").unlink()
    with pytest.raises(CinedubError, match="finished"):
        score(out, [truth_file(tmp_path)])
