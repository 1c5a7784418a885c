"""Random words as a function of a counter and a key: Philox4x32-10.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
SC 2011 (their library is Random123). Ten rounds of multiplications and exclusive ors make four
random words of a counter's four under a key of two, so that any draw of a stream is made by
itself. Words are of 32 bits and are held in 64.
"""

import numpy as np

from asl_gym.compiling import inlined

__all__ = ["Words", "key_words", "philox", "unit"]

Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

ROUNDS = 10
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
"""What a round adds to the key: the golden ratio and √3 − 1."""

WORD = np.uint64(0xFFFFFFFF)
BITS = np.uint64(32)
EXPONENT = np.uint64(0x4330000000000000)
"""The bits of 2⁵², in which the last 32 bits of a float64 are a whole number."""


@inlined
def key_words(key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The low and the high word of a key of 64 bits."""
    return key & WORD, key >> BITS


@inlined
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Four random words of a counter (c0, c1, c2, c3) under the key (k0, k1)."""
    for _ in range(ROUNDS):
        # The compiler multiplies 32 bits by 32 only where it sees that there are no more.
        product_0, product_1 = MULTIPLIER_0 * (c0 & WORD), MULTIPLIER_1 * (c2 & WORD)
        c0, c1 = ((product_1 >> BITS) ^ c1 ^ k0) & WORD, product_1 & WORD
        c2, c3 = ((product_0 >> BITS) ^ c3 ^ k1) & WORD, product_0 & WORD
        k0, k1 = (k0 + WEYL_0) & WORD, (k1 + WEYL_1) & WORD
    return c0, c1, c2, c3


@inlined
def unit(word: np.uint64) -> float:
    """A number uniform in the open interval (0, 1), of a word's 32 bits.

    It is one of the middles (k + ½)·2⁻³² of 2³² equal parts, all of which float64 holds, as it
    does one minus them: the smallest is 2⁻³³.
    """
    # By its bits, since few processors turn vectors of whole numbers of 64 bits into floats.
    whole = np.uint64(word | EXPONENT).view(np.float64) - 2.0**52
    return float((whole + 0.5) * 2.0**-32)
