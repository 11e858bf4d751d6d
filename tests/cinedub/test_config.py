from pathlib import Path

import pytest

from cinedub import config
from cinedub.errors import UsageError


def test_an_unknown_setting_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match=r"unknown setting 'clips.split'; here you can set: min_ms, max_ms"):
        config.load(sets=["clips.split=3"])


def test_a_wrong_type_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"setting 'clips.min_ms'"):
        config.load(sets=["clips.min_ms=soon"])


def test_what_was_resolved_can_be_written_and_read_back(tmp_path: Path) -> None:
    settings = config.load(sets=["clips.max_ms=20000", "correct.corrector.backend=openai", "correct.corrector.options={model='m', timeout_s=3.5}"])
    (tmp_path / "s.toml").write_text(config.dump(settings))
    assert config.load(file=tmp_path / "s.toml") == settings
    assert settings.correct.corrector.option("model", "") == "m"


def test_naming_another_backend_drops_the_default_ones_weights() -> None:
    model = config.load(sets=["separate.separator=demucs"]).separate.separator
    assert (model.backend, model.weights) == ("demucs", "")


PROFILE = Path(__file__).parents[2] / "pipelines" / "profiles" / "local.toml"


@pytest.mark.parametrize("first", ["correct.corrector=openai", "correct.corrector.backend=openai"])
def test_a_backend_and_its_options_can_be_set_one_after_the_other_over_a_profile(first: str) -> None:
    model = config.load(PROFILE, sets=[first, 'correct.corrector.options={model="m"}']).correct.corrector
    assert (model.backend, model.option("model", "")) == ("openai", "m")


@pytest.mark.parametrize("name", ["separate.separator", "separate.separator.backend"])
def test_another_backend_than_the_profiles_leaves_its_weights_behind(name: str) -> None:
    assert config.load(PROFILE, sets=[f"{name}=demucs"]).separate.separator == config.Model("demucs")
    kept = config.load(PROFILE, sets=["separate.separator.weights=mine", f"{name}=spleeter"]).separate.separator
    assert kept == config.Model("spleeter", "mine")


def test_the_local_profile_spells_out_every_default() -> None:
    assert PROFILE.read_text() == config.dump(config.Settings()), "write it anew with: cinedub settings > pipelines/profiles/local.toml"


def test_a_settings_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("clips = [")
    with pytest.raises(UsageError, match=r"bad\.toml"):
        config.load(file=tmp_path / "bad.toml")


def test_where_work_is_done_decides_nothing_and_every_other_setting_does() -> None:
    plain = config.decisive(config.Settings())
    where = ["separate.separator.device=cuda", "hear.segmenter.threads=7", "see.landmarker.shared=true", "cache.max_gb=1"]
    elsewhere = [*where, 'run.flags=["--runner=X"]']
    assert config.decisive(config.load(sets=elsewhere)) == plain
    for other in ("separate.separator=demucs", "hear.segmenter.options={step=1}", "clips.max_ms=9000"):
        assert config.decisive(config.load(sets=[other])) != plain


def test_the_flags_of_a_profile_survive_being_written_out(tmp_path: Path) -> None:
    settings = config.load(PROFILE.with_name("dataflow.toml"))
    (tmp_path / "settings.toml").write_text(config.dump(settings))
    assert config.load(tmp_path / "settings.toml") == settings and "--runner=DataflowRunner" in settings.run.flags
