"""What a build is measured against: the same functions with the same models, called one after another by a plain script.

    python -m pipelines.script FOLDER FILM…

No Beam, no cache, no dead letters: the first fault ends it. It prints the digest of the shards, which must be that of ``cinedub build``.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from cinedub import backends, config, sources, storage
from schemas import Dropped, Record, Source
from transforms.correct import Correct
from transforms.cut_clips import CutClips
from transforms.cut_reels import CutReels
from transforms.detect_shots import DetectShots
from transforms.find_scenes import FindScenes
from transforms.gather import appearance, gather
from transforms.hear import Hear
from transforms.judge import Judge
from transforms.pack import Pack
from transforms.probe import Probe
from transforms.recognise import Recognise
from transforms.see import See
from transforms.separate import Separate
from transforms.transcribe import Transcribe
from transforms.write_shards import choose, write

_count = itertools.count()


class _Folder(storage.Assets):
    """Files where the next step finds them; nobody waits for the disk."""

    def publish(self) -> None:
        """Rename the folder into its place."""
        self._beside.rename(self.folder)


def step(stage: Any, settings: Any, element: Any) -> Any:
    """What a stage's function makes of an element."""
    models = {role: backends.load(role, model) for role, model in config.models(settings).items()}
    threadpool_limits(1, "blas")  # as transforms.stage: what is heard hangs on it
    with _Folder(stage.__name__, storage.address(str(next(_count)))) as files:
        made = stage.run(element, settings, files, **models)
        files.publish()
    return made


def records(films: Sequence[Source], settings: config.Settings) -> list[Record]:
    """Every film's records."""
    groups = defaultdict(list)
    for source in films:
        voices, faces = [], []
        for reel in step(CutReels, settings.reels, film := step(Probe, settings.probe, source)):
            stems = step(Separate, settings.separate, step(DetectShots, settings.shots, reel))
            transcript = step(Transcribe, settings.transcribe, step(FindScenes, settings.scenes, stems))
            for clip in step(CutClips, settings.clips, transcript):
                voices.append(step(Hear, settings.hear, clip))
                faces.append(step(See, settings.see, clip))
        if part := appearance(voices, faces):
            groups[film.group].append(part)
    found = []
    for group, parts in groups.items():
        for passage in step(Recognise, settings.recognise, gather(group, parts)):
            takes = [step(Judge, settings.judge, script) for script in step(Correct, settings.correct, passage)]
            found += [step(Pack, settings, take) for take in takes if not isinstance(take, Dropped)]
    return found


def main(folder: Path, names: Sequence[str]) -> str:
    """Films to shards under ``folder``; gives the digest of the dataset that they are."""
    os.environ["CINEDUB_CACHE"] = str(folder.absolute() / "files")
    settings = config.Settings()
    made = records(sources.expand(names), settings)
    sizes = Counter[str]()
    for record in made:
        sizes[record.split] += record.bytes
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in made:
        groups[choose(record, sizes, settings.pack.shard_mb)[0]].append(record)
    shards = []
    for name in sorted(groups):
        _, split, index = name.rsplit("-", 2)
        shards.append(write(folder, split, int(index), sorted(groups[name], key=lambda record: record.key)))  # type: ignore[arg-type]
    return hashlib.sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest()


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2:]))
