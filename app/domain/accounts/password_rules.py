"""What a password must be: long enough, whole, and nothing that is tried first. Pure.

No mixture of signs is asked for, and no change from time to time: both make worse passwords.
"""

import re
from collections.abc import Collection, Iterator

from app.domain.accounts.errors import (
    PasswordInvalid,
    PasswordLikeAddress,
    PasswordTooLong,
    PasswordTooPopular,
    PasswordTooShort,
)
from app.foundation.sentences import say

LENGTH_MIN = 8
LENGTH_MAX = 1024
SURROGATES = re.compile(r"[\ud800-\udfff]")
# What somebody who guesses knows of us; the account's mail address is added.
OUR_WORDS = ("oblivious", "billing")
# A word with so few signs around it is still that word.
PADDING_MAX = 4
WORD_LENGTH_MIN = 4


def check_password(password: str, *, email: str, popular: Collection[str]) -> None:
    """Refuse what is too short, too long or broken, or what would be guessed soon.

    Every character counts, and none is changed. Raises one of PASSWORD_REFUSALS.
    """
    if len(password) < LENGTH_MIN:
        raise PasswordTooShort(
            say("A password has at least {least} characters.", {"least": LENGTH_MIN})
        )
    if len(password) > LENGTH_MAX:
        raise PasswordTooLong(
            say("A password has at most {most} characters.", {"most": LENGTH_MAX})
        )
    if SURROGATES.search(password):
        raise PasswordInvalid(say("The password holds broken characters."))
    lower = password.lower()
    if lower in popular or any(_is_around(word, lower) for word in OUR_WORDS):
        raise PasswordTooPopular(
            say("This password is among the first that are tried. Choose another.")
        )
    if any(_is_around(word, lower) for word in _words_of(email)):
        raise PasswordLikeAddress(say("This password is too much like your mail address."))


def _words_of(email: str) -> Iterator[str]:
    local, _, host = email.lower().partition("@")
    return filter(None, (email.lower(), local, host, host.partition(".")[0]))


def _is_around(word: str, password: str) -> bool:
    is_word = len(word) >= WORD_LENGTH_MIN
    return is_word and word in password and len(password) - len(word) <= PADDING_MAX
