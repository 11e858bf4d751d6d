"""The people of a dataset: each one's voice and faces as unit vectors, read off the shards; how near two of them are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cinedub import display, untrusted
from cinedub.dataset import Dataset
from schemas.record import Split


@dataclass
class Person:
    """A speaker of a film or series. ``voice`` and ``face`` are sums over clips until ``unit`` is taken; None where nothing is known."""

    group: str
    id: str
    splits: set[Split] = field(default_factory=set)
    films: set[str] = field(default_factory=set)
    voice: np.ndarray | None = None
    face: np.ndarray | None = None

    def add(self, what: str, vector: np.ndarray) -> None:
        """One more observation of the voice or the face."""
        if vector.size and np.isfinite(vector).all() and np.linalg.norm(vector) > 0:
            known = getattr(self, what)
            setattr(self, what, vector / np.linalg.norm(vector) + (0 if known is None else known))


def group_of(record: dict[str, Any]) -> str:
    """Within what a speaker's id holds: the series where one is named, else the film."""
    film = record["film"]
    return f"series:{film['series']}" if film["series"] else f"film:{film['id']}"


def persons(dataset: Dataset, quiet: bool = False) -> list[Person]:
    """Everybody who speaks, by group and id. A face is the mean over the tracks that are theirs."""
    found: dict[tuple[str, str], Person] = {}
    for split, record, faces in display.steps(faces_of(dataset), dataset.facts["records"], "reading voices and faces", quiet):
        group = group_of(record)
        for speaker in record["speakers"]:
            person = found.setdefault((group, speaker["id"]), Person(group, speaker["id"]))
            person.splits.add(split)
            person.films.add(record["film"]["id"])
            person.add("voice", np.asarray(speaker["voice"], np.float32))
            for track in tracks_of(speaker):
                if 0 <= track < len(faces):
                    person.add("face", faces[track])
    return [found[name] for name in sorted(found)]


def tracks_of(speaker: dict[str, Any]) -> list[int]:
    """The face tracks of a record that are this speaker's."""
    return speaker.get("faces") or ([] if speaker["face"] is None else [speaker["face"]])


def faces_of(dataset: Dataset) -> Iterator[tuple[Split, dict[str, Any], np.ndarray]]:
    """Every record's split, JSON, and the face vector of each of its tracks (tracks, E); of the arrays only these are unpacked."""
    for split, record, members in dataset.samples():
        yield split, record, embeddings(members["faces.npz"])


def embeddings(npz: bytes) -> np.ndarray:
    """The face vectors in ``faces.npz``, one a track."""
    return untrusted.arrays(npz, "faces.npz", ["embedding"])["embedding"].astype(np.float32)


def distances(ours: list[np.ndarray | None], others: list[np.ndarray | None]) -> np.ndarray:
    """Cosine distances (len(ours), len(others)); NaN where one of the two is not known, or vectors are of different models."""
    out = np.full((len(ours), len(others)), np.nan, np.float32)
    sizes = {vector.shape for vector in (*ours, *others) if vector is not None}
    for size in sizes:
        rows = [n for n, vector in enumerate(ours) if vector is not None and vector.shape == size]
        columns = [n for n, vector in enumerate(others) if vector is not None and vector.shape == size]
        if rows and columns:
            a, b = (np.stack([each[n] for n in at]) for each, at in ((ours, rows), (others, columns)))
            a, b = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (a, b))
            out[np.ix_(rows, columns)] = 1 - a @ b.T
    return out
