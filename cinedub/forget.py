"""Take a person or a film out of a dataset: the shards that hold them are written anew, and every shard is read again as proof.

A person's records are those in which they speak, and those in which a face is seen that is near theirs. What was forgotten is noted by name in
``forgotten.json``, so that a build into the same folder leaves it out too. A forgetting that was interrupted goes on with the same command.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import commit, dataset, display, manifest, repack, shards, storage, untrusted
from cinedub.dataset import Dataset
from cinedub.errors import CinedubError, UsageError
from cinedub.persons import distances, embeddings, faces_of, group_of, tracks_of
from schemas import codec
from schemas.record import MEMBERS, upgrade


class StillThere(CinedubError):
    """A forgotten person or film was found in a shard after all."""


@dataclass(frozen=True)
class Wanted:
    """Whom or what to forget: a film's id, or a speaker of a group with the face vectors known of them."""

    film: str = ""
    group: str = ""
    speaker: str = ""
    faces: tuple[np.ndarray, ...] = ()
    face_distance: float = 0.0

    @property
    def name(self) -> dict[str, str]:
        """What ``forgotten.json`` keeps: names, no vectors."""
        return {"film": self.film} if self.film else {"group": self.group, "speaker": self.speaker}

    def concerns(self, record: dict[str, Any], faces: np.ndarray) -> bool:
        """Whether a record is about them."""
        return named(self.name, record["film"]["id"], group_of(record), _mentioned(record)) or self.nearest_face(faces) < self.face_distance

    def nearest_face(self, faces: np.ndarray) -> float:
        """Cosine distance of the nearest of a record's faces; infinite where none is known."""
        found = distances(list(self.faces), list(faces)) if self.faces and len(faces) else np.full((1, 1), np.nan)
        return float("inf") if np.isnan(found).all() else float(np.nanmin(found))


def named(name: dict[str, str], film: str, group: str, speakers: set[str]) -> bool:
    """Whether a name of ``forgotten.json`` stands for something in a record of this film, group and these speakers."""
    return film == name["film"] if "film" in name else group == name["group"] and name["speaker"] in speakers


def remembered(out: Path) -> list[dict[str, str]]:
    """What was forgotten in the dataset at ``out``."""
    path = out / commit.FORGOTTEN
    return json.loads(path.read_text()) if path.exists() else []


def find_film(source: Dataset, name: str) -> Wanted:
    """The film with this id or title.

    Raises:
        UsageError: there is none, or several have the title.
    """
    rows = source.table("film", "title").to_pylist()
    found = sorted({row["film"] for row in rows if name in (row["film"], row["title"])})
    if len(found) != 1:
        known = ", ".join(sorted({f"{row['film']} ({row['title']})" for row in rows})[:8])
        raise UsageError(f"{len(found)} films are called {name!r}{': ' + ', '.join(found) if found else ''}; here are: {known}")
    return Wanted(film=found[0])


def find_speaker(source: Dataset, name: str, face_distance: float, quiet: bool = False) -> Wanted:
    """The speaker ``ID``, or ``GROUP/ID`` where several groups have that id; a group is a series, a film's id or its title.

    Raises:
        UsageError: there is none, or several.
    """
    group, _, speaker = name.rpartition("/")
    faces: dict[str, list[np.ndarray]] = {}
    for _, record, seen in display.steps(faces_of(source), source.facts["records"], "looking for the person", quiet):
        film = record["film"]
        if group and group not in (film["id"], film["title"], film["series"], group_of(record)):
            continue
        for person in record["speakers"]:
            if person["id"] == speaker:
                own = faces.setdefault(group_of(record), [])
                own += [seen[track] for track in tracks_of(person) if 0 <= track < len(seen) and seen[track].size]
    if len(faces) != 1:
        where = f" in {', '.join(sorted(faces))}; say which: GROUP/{speaker}" if faces else "; cinedub stats and cinedub inspect show who is there"
        raise UsageError(f"{len(faces)} speakers are called {name!r}{where}")
    (found, vectors) = faces.popitem()
    return Wanted(group=found, speaker=speaker, faces=tuple(vectors), face_distance=face_distance)


def concerned(source: Dataset, wanted: Wanted) -> list[str]:
    """The keys of the records that will go."""
    return [record["key"] for _, record, faces in faces_of(source) if wanted.concerns(record, faces)]


def forget(source: Dataset, wanted: Wanted, quiet: bool = False) -> dict[str, Any]:
    """Do it; returns what was done: records removed and kept, shards rewritten, the nearest face that is left.

    Raises:
        StillThere: the proof failed; the dataset stays as it was.
    """
    out = source.out
    with commit.at_work(out):
        return _forget(source, wanted, quiet)


def _forget(source: Dataset, wanted: Wanted, quiet: bool) -> dict[str, Any]:
    from cinedub import overlay

    out, films = source.out, _lengths(source)
    names = [*(name for name in remembered(out) if name != wanted.name), wanted.name]
    storage.write_atomic(out / commit.FORGOTTEN, json.dumps(names, indent=1).encode())
    settings = repack.begin(source, out)
    shards_made, rewritten, nearest = [], 0, float("inf")
    gone: set[str] = set()
    for path, facts in display.steps(list(zip(source.paths, source.facts["shards"], strict=True)), len(source.paths), "forgetting", quiet):
        split, number = facts["split"], facts["index"]
        here = {key for key, members in shards.read_shard(path, ("json", "faces.npz")) if wanted.concerns(*_read(members))}
        gone |= here
        if here:
            shards_made.append(repack.write(out, split, number, _without(path, wanted)))
            rewritten += 1
        else:
            shards_made.append(repack.keep(out, split, number))
        nearest = min(nearest, _prove(repack.made(out, shards_made[-1]), wanted))
    _forget_losses(out, wanted)
    overlay.take_out(out, gone)
    films.pop(wanted.film, None)
    known = source.facts.get("forgotten", [])
    count = source.facts["films"] - sum(1 for name in names if "film" in name and name not in known)
    done = repack.finish(source, out, settings, shards_made, films=count, film_s=sum(films.values()) / 1000, forgotten=names)
    return {
        "removed": source.facts["records"] - done["records"], "kept": done["records"], "shards": len(shards_made), "rewritten": rewritten,
        "nearest_face": None if nearest == float("inf") else round(nearest, 4), **wanted.name,
    }  # fmt: skip


def reopen(out: Path) -> Dataset:
    """A dataset, also one in which a forgetting was interrupted."""
    if not (out / commit.SUCCESS).exists() and (out / commit.FORGOTTEN).exists() and (out / "dataset.json").exists():
        facts = json.loads((out / "dataset.json").read_text())
        return Dataset(out, facts)
    return dataset.load(out)


def _read(members: dict[str, bytes]) -> tuple[dict[str, Any], np.ndarray]:
    return upgrade(untrusted.json_object(members["json"], "json")), embeddings(members["faces.npz"])


def _without(path: Path, wanted: Wanted) -> Iterator[shards.Sample]:
    for key, members in shards.read_shard(path):
        if not wanted.concerns(*_read(members)):
            yield key, {name: members[name] for name in MEMBERS if name in members}


def _prove(path: Path, wanted: Wanted) -> float:
    """Read a shard again and find nobody; returns how near the nearest face in it is."""
    nearest = float("inf")
    for key, members in shards.read_shard(path, ("json", "faces.npz")):
        record, faces = _read(members)
        if wanted.concerns(record, faces):
            raise StillThere(f"{path.name}: {key} still is about {wanted.name}; nothing was changed")
        nearest = min(nearest, wanted.nearest_face(faces))
    return nearest


def _mentioned(record: dict[str, Any]) -> set[str]:
    items = (*record["speakers"], *({"id": item["speaker"]} for name in ("lines", "turns", "asr_turns") for item in record[name]))
    return {item["id"] for item in items}


def _lengths(source: Dataset) -> dict[str, int]:
    """How long each film is, in ms: as its build noted, or else to the end of its last clip."""
    note = source.out / commit.BUILD / "films.json"
    if note.exists():
        return dict(codec.decode(note.read_bytes(), list[tuple[str, int]]))
    found: dict[str, int] = {}
    for row in source.table("film", "end_ms").to_pylist():
        found[row["film"]] = max(found.get(row["film"], 0), row["end_ms"])
    return found


def _forget_losses(out: Path, wanted: Wanted) -> None:
    """Refused clips and dead letters hold texts and elements too: a film's go with it, and of a person's group those that name them."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    making = out / commit.BUILD
    if wanted.film:
        dropped = pq.read_table(making / "dropped.parquet")
        kept = dropped.filter(pc.not_equal(dropped["film"], wanted.film))
        pq.write_table(kept.cast(manifest.DROPPED), making / "dropped.parquet")
    marks = [wanted.film] if wanted.film else [wanted.group.partition(":")[2], f'"{wanted.speaker}']
    for path in sorted((out / "failures").glob("*.jsonl")):
        letters = path.read_bytes().splitlines(keepends=True)
        kept_letters = [letter for letter in letters if not all(mark.encode() in letter.replace(b"\\", b"") for mark in marks)]
        if kept_letters:
            storage.write_atomic(making / "failures" / path.name, b"".join(kept_letters))
