"""A clue in words, and a clip's emotion, from what is known of its lines and speakers; for clips that no language model described."""

from __future__ import annotations

from collections.abc import Sequence

from cinedub import retiming
from schemas import Emotion, Kind, Language, Line, Speaker

#: Words (en) or characters (zh) a second: below the first is slow, above the second is fast.
_PACE = {"en": (2.0, 3.4), "zh": (3.0, 5.5)}
_PACES = {"en": ("slow", "moderate", "fast"), "zh": ("缓慢", "平稳", "较快")}
_MOODS_EN = {
    "neutral": "calm and neutral", "happy": "cheerful", "trust": "trusting", "fear": "fearful", "surprise": "surprised", "sadness": "sad",
    "disgust": "disgusted", "anger": "angry", "anticipation": "expectant", "tension": "tense",
}  # fmt: skip
_MOODS_ZH = {
    "neutral": "平静", "happy": "愉快", "trust": "信任", "fear": "恐惧", "surprise": "惊讶", "sadness": "悲伤",
    "disgust": "厌恶", "anger": "愤怒", "anticipation": "期待", "tension": "紧张",
}  # fmt: skip
_PEOPLE_EN = {
    ("child", "female"): "a girl", ("child", "male"): "a boy", ("child", "uncertain"): "a child",
    ("teenager", "female"): "a teenage girl", ("teenager", "male"): "a teenage boy", ("teenager", "uncertain"): "a teenager",
    ("adult", "female"): "an adult woman", ("adult", "male"): "an adult man", ("adult", "uncertain"): "an adult",
    ("middle-aged", "female"): "a middle-aged woman", ("middle-aged", "male"): "a middle-aged man",
    ("middle-aged", "uncertain"): "a middle-aged person",
    ("elderly", "female"): "an elderly woman", ("elderly", "male"): "an elderly man", ("elderly", "uncertain"): "an elderly person",
    ("uncertain", "female"): "a woman", ("uncertain", "male"): "a man", ("uncertain", "uncertain"): "a speaker",
}  # fmt: skip
_AGES_ZH = {"child": "儿童", "teenager": "少年", "adult": "成年", "middle-aged": "中年", "elderly": "老年", "uncertain": ""}
_GENDERS_ZH = {"female": "女性", "male": "男性", "uncertain": "说话人"}
_TIMBRES_ZH = {
    "low": "低沉", "deep": "低沉", "high": "高亢", "bright": "明亮", "warm": "温暖", "soft": "轻柔", "loud": "洪亮", "rough": "沙哑", "husky": "沙哑",
    "hoarse": "沙哑", "breathy": "带气声", "clear": "清晰", "dark": "浑厚", "lively": "有起伏", "flat": "平直", "calm": "沉稳",
}  # fmt: skip
_LIMITS = {"en": 150, "zh": 100}


def describe(lines: Sequence[Line], speakers: Sequence[Speaker], kind: Kind, emotion: Emotion, language: Language) -> str:
    """One or two sentences in the clip's language on who speaks, how fast and in what mood; "" where nobody speaks."""
    if not lines:
        return ""
    known = {speaker.id: speaker for speaker in speakers}
    order = list(dict.fromkeys(line.speaker for line in lines))
    cast = [known[name] for name in order if name in known]
    pace = _PACES[language][_pace(lines, language)]
    others = _others(lines, emotion)
    return (_english if language == "en" else _chinese)(cast, kind, pace, emotion.label, others)


def fits(clue: str, language: Language) -> bool:
    """Whether a clue keeps its limit: 150 words in English, 100 characters in Chinese."""
    return 0 < (len(clue.split()) if language == "en" else len(clue)) <= _LIMITS[language]


def vote(lines: Sequence[Line]) -> Emotion:
    """The emotion that most of the speaking time bears, each line by its length and confidence."""
    weights: dict[str, float] = {}
    for line in lines:
        weights[line.emotion.label] = weights.get(line.emotion.label, 0.0) + line.span.duration * line.emotion.confidence
    certain = {label: weight for label, weight in weights.items() if label != "uncertain" and weight > 0}
    if not certain:
        return Emotion("uncertain", 0.0)
    label = max(certain, key=lambda name: (certain[name], name))
    return Emotion(label, round(certain[label] / sum(line.span.duration for line in lines), 4))  # type: ignore[arg-type]


def _pace(lines: Sequence[Line], language: Language) -> int:
    said = sum(len(retiming.units(line.text, language)) for line in lines)
    rate = said / (sum(line.span.duration for line in lines) / 1000)
    slow, fast = _PACE[language]
    return 0 if rate < slow else 2 if rate > fast else 1


def _others(lines: Sequence[Line], emotion: Emotion) -> list[str]:
    """Moods besides the main one, at most two, in order of appearance."""
    labels = dict.fromkeys(str(line.emotion.label) for line in lines)
    return [label for label in labels if label not in (emotion.label, "uncertain")][:2]


def _english(cast: list[Speaker], kind: Kind, pace: str, mood: str, others: list[str]) -> str:
    people = [_PEOPLE_EN[speaker.age, speaker.gender] for speaker in cast[:4]] + (["others"] if len(cast) > 4 else [])
    who = " and ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people) or "somebody"
    voice = f" in a {', '.join(cast[0].timbre[:3])} voice" if len(cast) == 1 and cast[0].timbre else ""
    verb = {"narration": "narrates, unseen," if len(cast) == 1 else "narrate, unseen,", "monologue": "speaks"}.get(kind, "talk to each other")
    if len(cast) <= 1 and kind not in ("narration", "monologue"):
        verb = "speaks"
    first = f"{who[0].upper()}{who[1:]} {verb} at a {pace} pace{voice}."
    if mood == "uncertain":
        return first
    moments = f", with {' and '.join(_MOODS_EN[label] for label in others)} moments" if others else ""
    return f"{first} The mood is {_MOODS_EN[mood]}{moments}."


def _chinese(cast: list[Speaker], kind: Kind, pace: str, mood: str, others: list[str]) -> str:
    people = [f"一位{_AGES_ZH[speaker.age]}{_GENDERS_ZH[speaker.gender]}" for speaker in cast[:4]]
    who = ("、".join(people) or "有人") + ("等人" if len(cast) > 4 else "")
    timbres = list(dict.fromkeys(_TIMBRES_ZH[word] for word in cast[0].timbre if word in _TIMBRES_ZH))[:2] if len(cast) == 1 else []
    voice = f"，声音{'、'.join(timbres)}" if timbres else ""
    verb = {"narration": "以画外音讲述", "monologue": "独自说话"}.get(kind, "在交谈" if len(cast) > 1 else "在说话")
    first = f"{who}{verb}{voice}，语速{pace}。"
    if mood == "uncertain":
        return first
    moments = f"，间有{'与'.join(_MOODS_ZH[label] for label in others)}" if others else ""
    return f"{first}整体情绪{_MOODS_ZH[mood]}{moments}。"
