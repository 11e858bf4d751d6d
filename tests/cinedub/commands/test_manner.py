"""How the model speaks, as the command line says it."""

import argparse

import pytest

from cinedub.commands import manner
from cinedub.errors import UsageError


def asked(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    manner.arguments(parser)
    return parser.parse_args(given)


def test_nothing_asked_for_is_the_models_own_manner() -> None:
    from model.dub import Manner

    assert manner.manner(asked()) == Manner()


@pytest.mark.parametrize(("flag", "least"), [("--steps", 1), ("--learning", 0)])
def test_fewer_steps_than_there_can_be_are_refused(flag: str, least: int) -> None:
    with pytest.raises(UsageError, match=f"{flag} {least - 1}: at least {least}"):
        manner.manner(asked(f"{flag}={least - 1}"))
