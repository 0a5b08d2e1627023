"""What every kind of reported input has: a case is made and asked in one go, as its right answer goes with it."""

from __future__ import annotations

from abc import abstractmethod
from random import Random

from alloys.errors import InputError
from tests.support.fuzz.shares import WRONG
from tests.support.fuzz.targets import ACCEPTED, REFUSED, Outcome, Target, told


class WrongAnswerError(Exception):
    """What was answered is not what is right."""


def right(holds: bool, message: str) -> None:
    """Raises where an answer is wrong.

    Raises:
        WrongAnswerError: with the message.
    """
    if not holds:
        raise WrongAnswerError(message)


class Planted(Target):
    """An input whose right answer is known."""

    def base(self, rng: Random) -> bytes:
        """Nothing: `ask` makes the whole case."""
        return b""

    def run(self, content: bytes, rng: Random) -> Outcome:
        """One case."""
        try:
            return (ACCEPTED if self.ask(rng) else REFUSED), ""
        except WrongAnswerError as error:
            return WRONG, str(error)
        except InputError as error:
            return WRONG, f"refused, and it was right: {error}"
        except Exception as error:
            return told(error)

    @abstractmethod
    def ask(self, rng: Random) -> bool:
        """Makes a case, asks it, and compares: whether it was answered; False where it was rightly refused.

        Raises:
            WrongAnswerError: if the answer, or the refusal, is wrong.
            InputError: if what is right was refused.
        """
