"""Philox against the published answers of its authors, and its numbers in (0, 1)."""

import numpy as np
import pytest

from asl_gym.traces.philox import key_words, philox, unit

ONES = "ffffffff"
KNOWN = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (f"{ONES} " * 4, f"{ONES} " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
"""Random123's kat_vectors, philox4x32 of 10 rounds: counter, key, answer."""

WORD = 2**32 - 1


def words(text: str) -> list[np.uint64]:
    return [np.uint64(int(each, 16)) for each in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    given = *words(counter), *words(key)
    assert list(philox(*given)) == words(answer)
    plain = getattr(philox, "py_func", philox)
    assert list(plain(*given)) == words(answer)


@pytest.mark.parametrize("key", [0, 1, 2**32, 2**64 - 1, 0x0123456789ABCDEF])
def test_a_key_is_its_low_and_its_high_word(key: int) -> None:
    assert tuple(map(int, key_words(np.uint64(key)))) == (key % 2**32, key // 2**32)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        (0, 2.0**-33),
        (1, 1.5 * 2.0**-32),
        (2**31, 0.5 + 2.0**-33),
        (2**31 - 1, 0.5 - 2.0**-33),
        (WORD, 1.0 - 2.0**-33),
    ],
)
def test_a_word_becomes_a_number_inside_the_unit_interval(word: int, number: float) -> None:
    result = unit(np.uint64(word))
    assert result == number
    assert 0.0 < result < 1.0
    assert 1.0 - (1.0 - result) == result
