"""The phoneme set: Kokoro's alphabet, 178 places of which 114 are taken, each by one Unicode character.

Sounds and pauses are tokens; signs (stress, length, tone, aspiration …) belong to the sound beside them and are flags on its token.

    0              a pause without a mark of its own: the beginning and the end of every line
    1-15           pauses that are written: ; : , . ! ? — … " ( ) “ ”
    16             the blank between two words that no mark parts: most often short, a pause where time is left
    A I O Q W Y    English diphthongs of misaki: A = eɪ, I = aɪ, O = oʊ, Q = əʊ (British), W = aʊ, Y = ɔɪ;  T = the flap of "water";  ᵊ ᵻ = reduced
    ʣ ʥ ʦ ʨ ʤ ʧ ꭧ  affricates (ꭧ: Mandarin zh, ch), beside IPA's own letters for the rest
    ˈ ˌ            primary, secondary stress: written before the sound            ː ʰ ʲ ᵝ ̃   length, breath, palatal, rounded, nasal: after it
    → ↗ ↓ ↘        Mandarin's tones 1 to 4: after the vowel; the neutral tone has none
"""

from __future__ import annotations

SYMBOLS = 178

#: Character -> place in Kokoro's alphabet.
IDS: dict[str, int] = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15, " ": 16, "̃": 17,
    "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42,
    "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58,
    "q": 59, "r": 60, "s": 61, "t": 62, "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75,
    "ɔ": 76, "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102,
    "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125,
    "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133, "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142,
    "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip

PAUSE, BLANK = 0, 16
#: Written before the sound they belong to.
BEFORE = ("ˈ", "ˌ")
AFTER = ("ː", "ʰ", "ʲ", "ᵝ", "̃", "→", "↗", "↓", "↘")
#: Bit of each sign in a token's flags.
FLAGS: dict[str, int] = {sign: 1 << place for place, sign in enumerate(BEFORE + AFTER)}
SIGNS = len(FLAGS)
