import json
from pathlib import Path

import pytest

from cinedub.errors import UsageError
from model.order import Said
from model.script import NOBODY, read


def told(tmp_path: Path, name: str, text: str) -> list[Said]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return list(read(tmp_path / name).lines)


def test_subtitles_name_their_speakers_in_brackets_and_keep_no_markup(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,500\n[anna, anger] <i>Come in!</i>\nNow.\n\n2\n00:01:03,000 --> 00:01:04,040\nHello.\n"
    assert told(tmp_path, "a.srt", text) == [
        Said("anna", 1000, 2500, "Come in! Now.", "anger"),
        Said(NOBODY, 63_000, 64_040, "Hello."),
    ]


def test_webvtt_names_its_speakers_in_voice_spans_and_its_notes_are_not_spoken(tmp_path: Path) -> None:
    text = (
        "WEBVTT\n\nNOTE by hand\n\none\n00:01.000 --> 00:02.500 align:start\n<v Anna Lee>Come <b>in</b>!</v>\n\n"
        "NOTE later\n\ntwo\n00:00:03.000 --> 00:00:04.000\n[bob] 你好。\n"
    )
    assert told(tmp_path, "a.vtt", text) == [Said("Anna Lee", 1000, 2500, "Come in!"), Said("bob", 3000, 4000, "你好。")]


def test_a_table_says_its_times_in_ms_or_on_a_clock(tmp_path: Path) -> None:
    one = told(tmp_path, "a.csv", 'speaker,start_ms,end_ms,text,emotion\nanna,1500,2750,"Hi, there",anger\n')
    other = told(tmp_path, "b.csv", 'start,end,speaker,text,on_screen\n0:00:01.5,2.75,anna,"Hi, there",no\n')
    assert one == [Said("anna", 1500, 2750, "Hi, there", "anger")] and other == [Said("anna", 1500, 2750, "Hi, there", on_screen=False)]


def test_json_says_all_and_the_language_is_the_texts_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"duration_ms": 3000, "lines": [{"speaker": "a", "start_ms": 0, "end_ms": 900, "text": "你好"}]}))
    script = read(tmp_path / "a.json")
    assert (script.language, script.kind, script.duration_ms) == ("zh", "monologue", 3000) and read(tmp_path / "a.json", "en").language == "en"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.txt", "hello", "a script is .srt"),
        ("a.srt", "nothing", "without a line"),
        ("a.csv", "speaker,start_ms,text\n", "no column 'end'"),
        ("a.csv", "start_ms,end_ms,text\n1,x,hi\n", "row 1"),
        ("a.json", '{"language": "fr", "lines": []}', "not a script"),
        ("a.json", "[]", "under 'lines'"),
        ("a.json", '{"lines": [{"speaker": "a", "start_ms": 0, "end_ms": 9, "text": "a", "emotion": "rage"}]}', "rage"),
    ],
)
def test_what_is_no_script_is_refused_in_a_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        told(tmp_path, name, text)
    assert "\n" not in str(refused.value)
