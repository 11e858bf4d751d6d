"""How a stage runs: types, models, cache, metrics, dead letters. The one file that knows Beam's ways of doing so.

A stage is a pure function and a class that names it:

    def separate(shots: Shots, config: config.Separate, assets: Assets, separator: Separator) -> Stems: ...

    class Separate(Stage[Shots, Stems]):
        run = staticmethod(separate)

The function gets the element, the stage's settings, a folder for its files, and every model that its settings name, by
role. It returns a noun or a list of nouns; ``Dropped`` among them go to the losses. An exception makes a ``Failure`` of that
element alone, or of those of its parts that fail by themselves (``Stage.parts``); a model that can't load, or storage that can't be written, stops
the build, and so do a hundred failures of one kind in a row.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, get_args

import apache_beam as beam
import msgspec
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from threadpoolctl import threadpool_limits

import schemas
from cinedub import __version__, backends, config, progress, storage
from cinedub.errors import BrokenError, CinedubError, ElementError, Killed
from cinedub.meter import METER, Seconds
from schemas import Dropped, Failure, codec
from transforms import ahead

In = TypeVar("In")
Out = TypeVar("Out")

#: So many elements failing one after another with one code are no bad luck: the stage is broken, or what all of them need is gone.
IN_A_ROW = 100


@dataclasses.dataclass
class Losses:
    """What the stages of a pipeline share while it is drawn: the accelerator that they may ask for, what they give up on, and all settings."""

    accelerator: str = ""
    lost: list[Any] = dataclasses.field(default_factory=list)
    settings: config.Settings | None = None

    def after(self, node: Any) -> list[ahead.Needed]:
        """The models, by role, of the stages after the one whose settings ``node`` is."""
        nodes = [getattr(self.settings, field.name) for field in dataclasses.fields(config.Settings)] if self.settings else []
        place = next((place for place, other in enumerate(nodes, start=1) if other is node), len(nodes))
        return [(role, model) for other in nodes[place:] for role, model in config.models(other).items() if not model.shared]


class RetryOptions(PipelineOptions):
    """What was finished with other settings is kept (see ``pipelines.build.retry``)."""

    @classmethod
    def _add_argparse_args(cls, parser: Any) -> None:
        parser.add_argument("--former_settings", action="append", help="settings whose results are taken where there are any")


class Stage(beam.PTransform, Generic[In, Out]):
    """A transform over nouns that runs ``run`` on every element. Its label, cache folder and metrics bear the class's name."""

    run: ClassVar[Callable[..., Any]]
    hints: ClassVar[dict[str, Any]] = {}
    #: Raised by hand whenever the function's results change for the same inputs and settings.
    version: ClassVar[int] = 1

    @staticmethod
    def key(element: Any) -> bytes:
        """What of the element decides its result."""
        return identity(element)

    @staticmethod
    def parts(element: Any) -> Sequence[Any]:
        """What an element falls into when it fails as a whole: each is tried by itself, so that a bad one takes no other along."""
        return (element,)

    def __init__(self, settings: Any, losses: Losses) -> None:
        super().__init__(type(self).__name__)
        self.settings, self.losses = settings, losses

    def expand(self, elements: Any) -> Any:
        """The stage's results; losses are put aside."""
        takes, gives = get_args(next(base for base in type(self).__orig_bases__ if get_args(base)))
        former = [node_of(self.settings, Path(path)) for path in elements.pipeline.options.view_as(RetryOptions).former_settings or ()]
        work: Any = beam.ParDo(_Run(type(self), self.settings, former, self.losses.after(self.settings)))
        if hints := self.hints | self._accelerator():
            work = work.with_resource_hints(**hints)
        done = elements | "Run" >> work.with_input_types(takes).with_output_types(Any)
        self.losses.lost.append(done | "Lost" >> beam.Filter(isinstance, (Failure, Dropped)))
        return done | "Results" >> beam.FlatMap(_result).with_output_types(gives)

    def _accelerator(self) -> dict[str, str]:
        """A stage asks for an accelerator when one of its models runs on one."""
        wanted = self.losses.accelerator and any(model.device.startswith("cuda") for model in config.models(self.settings).values())
        return {"accelerator": self.losses.accelerator} if wanted else {}


def _result(noun: Any) -> list[Any]:
    """A stage's losses leave it beside its results, in one stream: not every runner keeps outputs apart that have tags (Beam's for Dask doesn't)."""
    return [] if isinstance(noun, Dropped | Failure) else [noun]


class _Run(beam.DoFn):
    """One stage's function over elements, with its models and its cache."""

    def __init__(self, stage: type[Stage[Any, Any]], settings: Any, former: Sequence[Any] = (), later: Sequence[ahead.Needed] = ()) -> None:
        self.stage, self.settings, self.former, self.later = stage, settings, former, later
        self.name, self.progress = stage.__name__, progress.where()
        self.row: tuple[str, int] = ("", 0)

    def setup(self) -> None:
        """Find the models: a missing one stops the build. They are loaded when the first element needs them."""
        leave_with_the_driver()
        progress.tell_in(self.progress)
        with progress.fatal(self.name):
            self.descriptions = [description(self.stage, settings) for settings in (*self.former, self.settings)]

    def process(self, element: Any) -> Iterator[Any]:
        """The element's results, its losses, or its failure."""
        METER.begin()
        hit = False
        try:
            places = [storage.address(each, self.stage.key(element)) for each in self.descriptions]
            nouns = next((found for place in places if (found := recall(self.name, place, element)) is not None), None)
            hit = nouns is not None
            if nouns is None:
                nouns = compute(self.stage, self.settings, element, places[-1], self.later)
        except Exception as error:
            cost = METER.end()
            if stops_a_build(error):
                with progress.fatal(self.name):
                    raise (storage.storage_error(error, storage.cache_root()) if isinstance(error, OSError) else error) from error
            if len(parts := self.stage.parts(element)) > 1:
                Metrics.counter(self.name, "fell_apart").inc()
                for part in parts:
                    yield from self.process(part)
                return
            letter = failure(self.name, element, error)
            self._count("failed", element, cost, hit)
            self._fail(letter, error)
            yield letter
            return
        self.row = ("", 0)
        dropped = sum(isinstance(noun, Dropped) for noun in nouns)
        self._count("done", element, METER.end(), hit, out=len(nouns) - dropped, dropped=dropped)
        yield from nouns

    def _fail(self, letter: Failure, error: Exception) -> None:
        code, count = self.row
        self.row = (letter.code, count + 1 if letter.code == code else 1)
        if self.row[1] >= IN_A_ROW:
            with progress.fatal(self.name):
                raise BrokenError(f"{IN_A_ROW} failures in a row with {letter.code}; the last: {letter.message}; see to it and run again") from error

    def _count(self, outcome: str, element: Any, cost: Seconds, hit: bool, out: int = 0, dropped: int = 0) -> None:
        busy_ms, cpu_ms = (int(seconds * 1000) for seconds in cost)
        media_ms = media_length(element)
        Metrics.counter(self.name, outcome).inc()
        Metrics.counter(self.name, "cached").inc(int(hit))
        Metrics.counter(self.name, "out").inc(out)
        Metrics.counter(self.name, "dropped").inc(dropped)
        Metrics.counter(self.name, "cpu_ms").inc(cpu_ms)
        Metrics.distribution(self.name, "busy_ms").update(busy_ms)
        Metrics.distribution(self.name, "media_ms").update(media_ms)
        progress.report(self.name, outcome, media_ms, busy_ms, hit, out, dropped)


def compute(stage: type[Stage[Any, Any]], settings: Any, element: Any, place: str, later: Sequence[ahead.Needed] = ()) -> list[Any]:
    """Run a stage's function on an element and remember what it gives at ``place``; meanwhile the models of ``later`` stages are loaded."""
    _, before = METER.so_far()
    models = {role: _model(role, model) for role, model in config.models(settings).items()}
    for role, model in config.models(settings).items():
        METER.charge(ahead.cost(role, model))
    Metrics.counter(stage.__name__, "load_cpu_ms").inc(int((METER.so_far()[1] - before) * 1000))
    ahead.load(later)
    threadpool_limits(1, "blas")  # matrix products differ in their last bits by the number of threads, which is that of the machine's cores
    with storage.Assets(stage.__name__, place) as assets:
        try:
            result = stage.run(element, settings, assets, **models)
        except Killed:  # from outside: a second chance, at once
            result = stage.run(element, settings, assets, **models)
        nouns = result if isinstance(result, list) else [result]
        if not assets.lasting:
            Metrics.counter(stage.__name__, "not_kept").inc()
        remember(assets.path("result.json"), nouns)
        assets.publish()
    return nouns


def at_once(stage: type[Stage[Any, Any]], settings: Any, element: Any) -> list[Any]:
    """A stage's results for one element, here and now: from the cache where a build or another call has left them."""
    place = storage.address(description(stage, settings), stage.key(element))
    found = recall(stage.__name__, place, element)
    return compute(stage, settings, element, place) if found is None else found


def leave_with_the_driver() -> None:
    """A worker process that the command started ends when the command has gone, and doesn't write into what the next one makes."""
    driver = int(os.environ.get(progress.DRIVER, "0"))
    if not driver or driver == os.getpid() or any(thread.name == progress.DRIVER for thread in threading.enumerate()):
        return

    def follow() -> None:
        while Path(f"/proc/{driver}").exists() or not Path("/proc/self").exists():
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=follow, name=progress.DRIVER, daemon=True).start()


def node_of(settings: Any, path: Path) -> Any:
    """The part of a settings file that is for the stage that ``settings`` is for."""
    tree = config.load(path)
    nodes = [tree, *(getattr(tree, field.name) for field in dataclasses.fields(tree))]
    return next(node for node in nodes if type(node) is type(settings))


def _model(role: str, model: config.Model) -> Any:
    """The backend itself, or for a shared one what speaks to it: it lives in a process of its own, one on a machine."""
    if not model.shared:
        return backends.load(role, model)
    return _share(role, model)


@functools.cache
def _share(role: str, model: config.Model) -> Any:
    from apache_beam.utils.multi_process_shared import MultiProcessShared

    tag = f"cinedub-{role}-{model.device.replace(':', '-')}-{backends.digest(role, model)}"
    return MultiProcessShared(functools.partial(backends.load, role, model), tag, path=str(storage.private_folder())).acquire()


def description(stage: type[Stage[Any, Any]], settings: Any) -> bytes:
    """What besides the element decides a stage's result: its code's version, its settings, its models' digests."""
    named = config.models(settings)
    digests = {role: backends.digest(role, model) for role, model in named.items()}
    kept = {key: value for key, value in config.decisive(settings).items() if key not in named}
    return codec.encode([stage.__name__, stage.version, __version__.split(".")[:2], kept, digests])


def stops_a_build(error: Exception) -> bool:
    """Whether a fault would hit every other element too: missing weights, wrong settings, storage that can't be written."""
    if isinstance(error, OSError):
        return storage.stops_a_build(error)
    return isinstance(error, CinedubError) and not isinstance(error, ElementError)


def identity(element: Any) -> bytes:
    """The element without what its film is called, where it lies and what series it belongs to: a renamed film is the same film."""
    return codec.encode(_rewrite(_tree(element), lambda film: [film["sha256"], film["language"]]))


def remember(path: Path, nouns: list[Any]) -> None:
    """Write a stage's results, each film in them as its id only."""
    rows = [[type(noun).__name__, _rewrite(codec.builtins(noun), lambda film: {_FILM: film["id"]})] for noun in nouns]
    path.write_bytes(codec.encode(rows))


def recall(stage: str, place: str, element: Any) -> list[Any] | None:
    """The remembered results of a stage for an element, with the element's films in them; None when there are none."""
    films: dict[str, Any] = {}
    _rewrite(_tree(element), lambda film: films.setdefault(film["id"], film))
    result = storage.resolve(f"{storage.ASSET}{stage}/{place}/result.json")
    try:
        data = result.read_bytes()
        whole = all(
            [storage.used(f"{storage.ASSET}{folder.decode()}/result.json") for folder in {f"{stage}/{place}".encode(), *_ASSETS.findall(data)}]
        )
        return remembered(result, films) if whole else None
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, KeyError, ValueError, AttributeError):  # not what we wrote: a damaged disk
        shutil.rmtree(result.parent)
        return None


def remembered(path: Path, films: dict[str, Any]) -> list[Any]:
    """The nouns of a file that ``remember`` wrote, with the films (as trees, by id) in them."""
    rows = msgspec.json.decode(path.read_bytes())
    return [codec.convert(_rewrite(value, lambda film: films[film[_FILM]]), getattr(schemas, name)) for name, value in rows]


_FILM = "$film"
#: The folders that a remembered result says things lie in.
_ASSETS = re.compile(rb'"asset:([A-Za-z]+/[0-9a-f]{32})/')


def _tree(element: Any) -> Any:
    tree = codec.builtins(element)
    return {"film": tree} if isinstance(element, schemas.Film) else tree


def _rewrite(node: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """A tree with every film in it changed. A field called ``film`` that holds a mapping is a film, or what stands for one."""
    if isinstance(node, dict):
        return {key: change(value) if key == "film" and isinstance(value, dict) else _rewrite(value, change) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_rewrite(item, change) for item in node]
    return node


def failure(stage: str, element: Any, error: Exception) -> Failure:
    """The dead letter of an element."""
    code = error.code if isinstance(error, ElementError) else "OUT_OF_MEMORY" if _memory_ran_out(error) else "INTERNAL"
    message = str(error) if isinstance(error, CinedubError) else f"{type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))
    digest = hashlib.sha256(trace.encode()).hexdigest()[:12]
    line = storage.scrubbed(message.splitlines()[0])[:500] if message else code
    return Failure(stage, element.id, code, line, digest, 1, storage.scrubbed(codec.encode(element).decode()))


_NO_MEMORY = re.compile(r"failed to allocate|out of memory|bad_alloc|cannot allocate memory|can't allocate memory", re.IGNORECASE)


def _memory_ran_out(error: Exception) -> bool:
    """Whether there was no memory: native libraries say so in words of their own."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError | RuntimeError) and bool(_NO_MEMORY.search(str(error))))


def media_length(element: Any) -> int:
    """Milliseconds of film that an element stands for."""
    for name in ("span", "duration"):
        value = getattr(element, name, None)
        if value is not None:
            return int(value if isinstance(value, int) else value.duration)
    for name in ("reel", "clip", "shots", "stems", "scenes", "script", "cast"):
        inner = getattr(element, name, None)
        if inner is not None:
            return media_length(inner)
    return sum(media_length(part.film) for part in getattr(element, "parts", ())) + sum(map(media_length, getattr(element, "casts", ())))
