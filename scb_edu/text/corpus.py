"""A text as token ids: its vocabulary, its counts, and the laws that the counts give."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scb_edu.model.sampling import token_dtype
from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

UNKNOWN = "<unk>"
"""The last token of a capped vocabulary: it stands for all that has no token of its own."""
LARGEST_COUNT = 50_000_000  # entries of a table of counts
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")  # letters, with apostrophes between them
NO_LETTERS = re.compile(r"[\W\d_]+")


def _characters(text: str) -> list[str]:
    return list(NO_LETTERS.sub(" ", text).strip())


UNITS: dict[str, Callable[[str], list[str]]] = {"character": _characters, "word": WORD.findall}


@checked
@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as a sequence of token ids, 0 for the most frequent symbol.

    Parameters
    ----------
    tokens : (L,) array
        In the smallest unsigned type that holds the vocabulary.
    vocabulary : tuple of str
        The symbol of each id. Where the vocabulary was capped, or a part of the text has symbols
        that the first part has not, the last one is ``"<unk>"``.
    unit : str
        "character" or "word".

    Raises
    ------
    ScbError
        The vocabulary has fewer than two symbols or one twice, or a token id is out of range.

    Notes
    -----
    Book: 09-past-the-paper, eq-corpus-bigram.

    Examples
    --------
    >>> import scb_edu as scb
    >>> corpus = scb.text.Corpus.from_text("A rat, a cat!")
    >>> corpus.vocabulary
    ('a', ' ', 't', 'c', 'r')
    >>> corpus.decode(corpus.tokens)
    'a rat a cat'
    """

    tokens: Tokens
    vocabulary: tuple[str, ...]
    unit: str

    def __post_init__(self) -> None:
        words = tuple(self.vocabulary)
        _refuse_small(words)
        if len(set(words)) < len(words):
            raise ScbError("vocabulary: expected every symbol once, got one of them twice.")
        _known_unit(self.unit)
        ids = checks.token_ids("tokens", self.tokens, 1, len(words))
        kept = np.array(ids, dtype=token_dtype(len(words)))
        kept.setflags(write=False)
        object.__setattr__(self, "tokens", kept)
        object.__setattr__(self, "vocabulary", words)

    def __repr__(self) -> str:
        return f"Corpus({len(self.tokens):,} {self.unit}s, vocab_size={self.vocab_size})"

    @classmethod
    @checked
    def from_text(
        cls, text: str, *, unit: str = "character", vocab_size: int | None = None
    ) -> Corpus:
        """Read a text as characters or as words.

        The text is put in lower case. As characters, every run of what is no letter becomes one
        blank; as words, all but letters and the apostrophes between them is left out.

        Parameters
        ----------
        text : str
        unit : str
            "character" or "word".
        vocab_size : int, optional
            N. The N - 1 most frequent symbols keep a token, all others become the unknown one.
            Without it, or where N symbols suffice, every symbol has its token.

        Returns
        -------
        Corpus

        Raises
        ------
        ScbError
            The text is empty, or has one symbol only; the unit is unknown, or the vocabulary
            too small.

        Notes
        -----
        Symbols that are equally frequent are in alphabetical order.
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> corpus = scb.text.Corpus.from_text("to be or not to be", unit="word", vocab_size=3)
        >>> corpus.vocabulary, corpus.tokens.tolist()
        (('be', 'to', '<unk>'), [1, 0, 2, 2, 1, 0])
        """
        split, _ = _known_unit(unit), _cap(vocab_size)
        symbols = split(text.lower())
        if not symbols:
            raise ScbError(f"text: expected at least two {unit}s, got none: nothing in it is one.")
        count = Counter(symbols)
        if len(count) == 1:
            raise ScbError(
                f"text: expected at least two different {unit}s, got {symbols[0]!r} only; "
                "nothing can be learned from one."
            )
        words = sorted(count)  # the order of those that are equally frequent
        place = {symbol: token for token, symbol in enumerate(words)}
        ids = np.array([place[symbol] for symbol in symbols])
        return cls(ids, tuple(words), unit)._of_most_frequent(vocab_size, ids)

    @classmethod
    @checked
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        unit: str = "character",
        vocab_size: int | None = None,
    ) -> Corpus:
        """Read a text file in UTF-8.

        Parameters
        ----------
        path : str or path
        unit, vocab_size
            As for ``from_text``.

        Returns
        -------
        Corpus

        Raises
        ------
        ScbError
            There is no such file, it is not UTF-8, or ``from_text`` refuses what is in it.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import pathlib, tempfile, scb_edu as scb
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "short.txt")
        ...     _ = file.write_text("abba", encoding="utf-8")
        ...     scb.text.Corpus.from_file(file)
        Corpus(4 characters, vocab_size=2)
        """
        _known_unit(unit)
        _cap(vocab_size)
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except OSError as error:
            raise ScbError(f"path: expected a text file, got {str(path)!r}: {error}.") from error
        except UnicodeDecodeError as error:
            raise ScbError(
                f"path: expected a text in UTF-8, got the byte 0x{error.object[error.start]:02x} "
                f"at position {error.start} of {str(path)!r}; save the file as UTF-8."
            ) from error
        return cls.from_text(text, unit=unit, vocab_size=vocab_size)

    @property
    def vocab_size(self) -> int:
        """N, the number of tokens."""
        return len(self.vocabulary)

    @property
    def names(self) -> list[str]:
        """The tokens as a picture writes them, for a blank would not be seen."""
        return ["␣" if symbol == " " else symbol for symbol in self.vocabulary]

    @property
    def frequencies(self) -> Array:
        """The share of each token in the text, (N,)."""
        return np.asarray(self.counts(1) / len(self.tokens))

    @checked
    def encode(self, text: str) -> Tokens:
        """Return the ids of a text in this vocabulary.

        Raises
        ------
        ScbError
            The text has a symbol that the vocabulary has not, and there is no unknown token.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.Corpus.from_text("abracadabra").encode("bar").tolist()
        [1, 0, 2]
        """
        place = {symbol: token for token, symbol in enumerate(self.vocabulary)}
        symbols = UNITS[self.unit](text.lower())
        lost = [symbol for symbol in symbols if symbol not in place]
        if lost and UNKNOWN not in place:
            raise ScbError(f"text: expected {self.unit}s of the vocabulary, got {lost[0]!r}.")
        other = place.get(UNKNOWN, 0)
        ids = [place.get(symbol, other) for symbol in symbols]
        return np.array(ids, dtype=self.tokens.dtype)

    @checked
    def decode(self, tokens: ArrayLike) -> str:
        """Return the text of some token ids.

        Parameters
        ----------
        tokens : (n,) array of token ids

        Raises
        ------
        ScbError
            A token id is out of range.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.Corpus.from_text("to be or not to be", unit="word").decode([1, 0])
        'to be'
        """
        ids = checks.token_ids("tokens", tokens, 1, self.vocab_size)
        between = "" if self.unit == "character" else " "
        return between.join(self.vocabulary[token] for token in ids)

    @checked
    def split(self, *shares: float, vocab_size: int | None = None) -> tuple[Corpus, ...]:
        """Cut the text into consecutive parts, with the vocabulary of the first.

        Parameters
        ----------
        *shares : float
            Of all parts but the last, which gets the rest: ``split(0.8, 0.1)`` gives three.
        vocab_size : int, optional
            N, where the vocabulary is to be capped by the first part's frequencies.

        Returns
        -------
        tuple of Corpus
            A symbol that the first part does not know is the unknown token in all others.

        Raises
        ------
        ScbError
            The shares are not above 0 with a sum below 1, or a part would be too short.

        Notes
        -----
        Book: 09-past-the-paper, eq-perplexity.

        Examples
        --------
        >>> import scb_edu as scb
        >>> first, rest = scb.text.Corpus.from_text("banana cab").split(0.6)
        >>> first.vocabulary, rest.decode(rest.tokens)
        (('a', 'n', 'b', '<unk>'), '<unk><unk>ab')
        """
        _cap(vocab_size)
        if not shares or min(shares) <= 0 or sum(shares) >= 1:
            raise ScbError(f"shares: expected numbers above 0, together below 1, got {shares}.")
        ends = [0, *(round(len(self.tokens) * s) for s in accumulate(shares)), len(self.tokens)]
        if min(b - a for a, b in pairwise(ends)) < 2:
            raise ScbError(f"shares: expected parts of at least two tokens, got ends {ends}.")
        first = self.tokens[: ends[1]]
        whole = self._of_most_frequent(vocab_size, first)
        return tuple(
            Corpus(whole.tokens[a:b], whole.vocabulary, self.unit) for a, b in pairwise(ends)
        )

    @checked
    def shuffled(self, rng: np.random.Generator) -> Corpus:
        """Return the same tokens in random order: frequencies stay, all else is lost.

        Parameters
        ----------
        rng : numpy.random.Generator

        Raises
        ------
        ScbError
            ``rng`` is not a Generator.

        Notes
        -----
        Book: 09-past-the-paper, eq-shuffled-energy.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> mixed = scb.text.Corpus.from_text("abracadabra").shuffled(np.random.default_rng(0))
        >>> sorted(mixed.decode(mixed.tokens)) == sorted("abracadabra")
        True
        """
        order = rng.permutation(len(self.tokens))
        return Corpus(self.tokens[order], self.vocabulary, self.unit)

    @checked
    def counts(self, order: int) -> NDArray[np.int64]:
        """Return how often each group of consecutive tokens occurs.

        Parameters
        ----------
        order : int
            1 for single tokens, 2 for pairs, 3 for triples.

        Returns
        -------
        (N,) * order array
            The first axis is the newest token: ``counts(2)[n, m]`` says how often n follows m.

        Raises
        ------
        ScbError
            The order is not a whole number above zero, the text is shorter, or the table has
            more than 50,000,000 entries.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.Corpus.from_text("abba").counts(2).tolist()
        [[0, 1], [1, 1]]
        """
        K, N, L = checks.positive_int("order", order), self.vocab_size, len(self.tokens)
        if checks.power_exceeds(N, K, LARGEST_COUNT) or L < K:
            raise ScbError(
                f"order: expected at most the {L:,} tokens and a table of at most "
                f"{LARGEST_COUNT:,} entries, got order {K} of {N} tokens."
            )
        newest_first = [self.tokens[K - 1 - back : L - back] for back in range(K)]
        place = np.ravel_multi_index(newest_first, (N,) * K)
        return np.bincount(place, minlength=N**K).reshape((N,) * K)

    @checked
    def distribution(self, order: int, smoothing: float = 1.0) -> Array:
        """Return the law of a token given the ``order - 1`` tokens before it, from counts.

        Parameters
        ----------
        order : int
            1 for the unigram law mu, 2 for the bigram P, 3 for the trigram.
        smoothing : float
            s, above 0. As many more observations of each history are made up, which follow the
            law of the next lower order; below the unigram is the uniform law.

        Returns
        -------
        (N,) * order array
            Every column, along the first axis, is a distribution without a zero.

        Raises
        ------
        ScbError
            The smoothing is not a number above zero, or ``counts`` refuses the order.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.Corpus.from_text("abba").distribution(2, smoothing=2).tolist()
        [[0.3333333333333333, 0.5], [0.6666666666666666, 0.5]]
        """
        s = checks.positive_number("smoothing", smoothing)
        seen = self.counts(order)
        lower = self.distribution(order - 1, s) if order > 1 else np.asarray(1 / self.vocab_size)
        return np.asarray((seen + s * lower[..., None]) / (seen.sum(axis=0) + s))

    @checked
    def task(self, attention: ArrayLike, *, smoothing: float = 1.0) -> SCBTask:
        """Return the task whose P says what follows what in this text.

        Parameters
        ----------
        attention : (T, N) array
            Q, which a text does not give; ``random_attention`` draws one.
        smoothing : float
            s, above 0: P[n, m] = (count of m n + s mu_n) / (count of m + s), where mu is the
            unigram law of the text, smoothed towards the uniform one in the same way.

        Returns
        -------
        SCBTask
            No entry of P is zero, so mu is unique; it is solved for, and next to the unigram law.

        Raises
        ------
        ScbError
            The smoothing is not above zero, or Q does not fit.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.Corpus.from_text("abba" * 9).task([[1.0, 1.0]]).transition.round(2).tolist()
        [[0.47, 0.5], [0.53, 0.5]]
        """
        return SCBTask(self.distribution(2, smoothing), attention)

    def _of_most_frequent(self, vocab_size: int | None, part: Tokens) -> Corpus:
        """Return the text in the vocabulary of a part of it, capped and sorted by frequency."""
        seen = np.bincount(part, minlength=self.vocab_size)
        other = self.vocabulary.index(UNKNOWN) if UNKNOWN in self.vocabulary else -1
        kept = [int(i) for i in np.argsort(-seen, kind="stable") if seen[i] and i != other]
        cap = _cap(vocab_size)
        if cap is not None:
            kept = kept if len(kept) + (len(kept) < self.vocab_size) <= cap else kept[: cap - 1]
        new_id = np.full(self.vocab_size, len(kept))
        new_id[kept] = np.arange(len(kept))
        words = [self.vocabulary[i] for i in kept] + [UNKNOWN] * (len(kept) < self.vocab_size)
        return Corpus(new_id[self.tokens], tuple(words), self.unit)


def _known_unit(unit: str) -> Callable[[str], list[str]]:
    checks.known("unit", unit, sorted(UNITS))
    return UNITS[unit]


def _cap(vocab_size: int | None) -> int | None:
    """Return the largest vocabulary that is wanted, if one is."""
    if vocab_size is None:
        return None
    return checks.positive_int("vocab_size", vocab_size, least=2)  # one is the unknown


def _refuse_small(words: tuple[str, ...]) -> None:
    if len(words) < 2:
        raise ScbError(f"vocabulary: expected at least two symbols, got {words}.")


@checked
@dataclass(frozen=True, eq=False)
class NGram:
    """A table that gives the law of the next token after the few tokens before it.

    Parameters
    ----------
    table : (N,) * order array
        Along the first axis the law of the next token; the second axis is the last token, the
        third the one before it.

    Raises
    ------
    ScbError
        A law does not sum to one, or the axes differ in length.

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> import scb_edu as scb
    >>> model = scb.text.NGram.fit(scb.text.Corpus.from_text("abababab"), 2, smoothing=0.1)
    >>> model.predict([[0]], [1]).round(2).tolist()
    [[0.98, 0.02]]
    """

    table: Array

    def __post_init__(self) -> None:
        table = checks.real_array("table", self.table, max(1, np.ndim(self.table)))
        if set(table.shape) != {len(table)}:
            raise ScbError(f"table: expected axes of one length N, got shape {table.shape}.")
        columns = checks.column_stochastic("table", table.reshape(len(table), -1))
        object.__setattr__(self, "table", checks.frozen(columns.reshape(table.shape)))

    @classmethod
    @checked
    def fit(cls, corpus: Corpus, order: int, smoothing: float = 1.0) -> NGram:
        """Return the model of a text: ``corpus.distribution`` with the same arguments.

        Notes
        -----
        Book: 09-past-the-paper, eq-corpus-bigram.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.text.NGram.fit(scb.text.Corpus.from_text("abracadabra"), 3).order
        3
        """
        return cls(corpus.distribution(order, smoothing))

    @property
    def order(self) -> int:
        """How many tokens an entry of the table is about, 1 for a unigram."""
        return self.table.ndim

    @property
    def vocab_size(self) -> int:
        """N, the number of tokens."""
        return len(self.table)

    @property
    def context_length(self) -> int:
        """How many tokens before the last one are read, at least 1 so that a context is one."""
        return max(1, self.order - 2)

    @checked
    def predict(self, tokens: ArrayLike, last: ArrayLike) -> Array:
        """Return the law of the next token for each sample.

        Parameters
        ----------
        tokens : (B, T) array of token ids
            The contexts, oldest token first; T of at least ``context_length``.
        last : (B,) array of token ids
            The token after each context.

        Returns
        -------
        (B, N) array

        Raises
        ------
        ScbError
            A context is too short, or a token id is out of range.

        Notes
        -----
        Book: 09-past-the-paper, eq-perplexity.

        Examples
        --------
        >>> import scb_edu as scb
        >>> model = scb.text.NGram.fit(scb.text.Corpus.from_text("aab" * 9), 3, smoothing=0.01)
        >>> model.predict([[1], [0]], [0, 0]).round(1).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        context = checks.token_ids("tokens", tokens, 2, self.vocab_size)
        chosen = checks.token_ids("last", last, 1, self.vocab_size)
        checks.shape_is("last", chosen, (len(context),), "(B,)")
        if context.shape[1] < self.context_length:
            raise ScbError(
                f"tokens: expected at least {self.context_length} before the last one, "
                f"got {context.shape[1]}."
            )
        history = [chosen, *context.T[::-1]][: self.order - 1]
        rows = self.table[(slice(None), *history)].T
        return np.array(np.broadcast_to(rows, (len(context), self.vocab_size)))
