"""Sentences whose authors have been dead for long: public domain, with words that templates don't have."""

from __future__ import annotations

from schemas import Language

#: From Austen, Carroll, Dickens, Doyle, Melville, Poe, Shelley, Stevenson, Swift, Wells and Wilde; from the Analects, Laozi, Sunzi, Tang poems, Cao
#: Xueqin, Wu Cheng'en, Luo Guanzhong and Lu Xun.
CLASSICS: dict[Language, tuple[str, ...]] = {
    "en": (
        "It is a truth universally acknowledged, that a single man in possession of a good fortune must be in want of a wife.",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
        "You see, but you do not observe.",
        "When you have eliminated the impossible, whatever remains, however improbable, must be the truth.",
        "There is nothing more deceptive than an obvious fact.",
        "Curiouser and curiouser!",
        "Why, sometimes I've believed as many as six impossible things before breakfast.",
        "Begin at the beginning, and go on till you come to the end, then stop.",
        "I know not all that may be coming, but be it what it will, I'll go to it laughing.",
        "True, nervous, very, very dreadfully nervous I had been and am, but why will you say that I am mad?",
        "Beware, for I am fearless, and therefore powerful.",
        "Nothing is so painful to the human mind as a great and sudden change.",
        "Fifteen men on the dead man's chest, and a bottle of rum!",
        "I have been a great sufferer by my own credulity.",
        "No one would have believed that this world was being watched keenly and closely by intelligences greater than man's.",
        "I can resist everything except temptation.",
        "We are all in the gutter, but some of us are looking at the stars.",
        "Experience is merely the name men gave to their mistakes.",
        "Please, sir, I want some more.",
        "Have a heart that never hardens, and a temper that never tires, and a touch that never hurts.",
        "Angry people are not always wise.",
        "There is no charm equal to tenderness of heart.",
        "The game is afoot.",
        "Whatever our souls are made of, his and mine are the same.",
    ),
    "zh": (
        "学而时习之，不亦说乎？", "有朋自远方来，不亦乐乎？", "三人行，必有我师焉。", "己所不欲，勿施于人。", "知之为知之，不知为不知，是知也。",
        "千里之行，始于足下。", "知彼知己，百战不殆。", "床前明月光，疑是地上霜。", "举头望明月，低头思故乡。", "海内存知己，天涯若比邻。",
        "但愿人长久，千里共婵娟。", "欲穷千里目，更上一层楼。", "满纸荒唐言，一把辛酸泪。", "假作真时真亦假，无为有处有还无。",
        "话说天下大势，分久必合，合久必分。", "其实地上本没有路，走的人多了，也便成了路。", "不在沉默中爆发，就在沉默中灭亡。",
        "我家门前有两棵树，一棵是枣树，还有一棵也是枣树。", "世上无难事，只怕有心人。", "山重水复疑无路，柳暗花明又一村。",
        "春眠不觉晓，处处闻啼鸟。", "大江东去，浪淘尽，千古风流人物。", "老骥伏枥，志在千里。", "路漫漫其修远兮，吾将上下而求索。",
    ),
}  # fmt: skip
