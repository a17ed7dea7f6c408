"""A text as token ids: vocabulary, counts and laws, against counting by hand."""

import hashlib
import re
from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.studies.ch9_past_the_paper import alice

DATA = Path(__file__).parents[2] / "scb_edu" / "studies" / "data"
RHYME = "Pease porridge hot, pease porridge cold; pease porridge in the pot -- nine days old!"


def as_written(text):
    return " ".join(re.findall("[a-z]+", text.lower()))


def test_characters_are_ranked_by_frequency_and_come_back():
    corpus = scb.text.Corpus.from_text(RHYME)
    count = Counter(as_written(RHYME))
    assert list(corpus.vocabulary) == sorted(count, key=lambda c: (-count[c], c))
    assert corpus.decode(corpus.tokens) == as_written(RHYME)
    np.testing.assert_allclose(
        corpus.frequencies, [count[c] / count.total() for c in corpus.vocabulary]
    )


def test_words_keep_their_apostrophes_and_lose_all_else():
    corpus = scb.text.Corpus.from_text("'Don't,' she said, \"don't 2 times!\" 'No.'", unit="word")
    assert corpus.decode(corpus.tokens) == "don't she said don't times no"


def test_letters_of_other_alphabets_are_letters():
    corpus = scb.text.Corpus.from_text("Ça va, où?")
    assert corpus.decode(corpus.tokens) == "ça va où"


def test_a_capped_vocabulary_ends_with_the_unknown_token():
    full = scb.text.Corpus.from_text(RHYME, unit="word")
    capped = scb.text.Corpus.from_text(RHYME, unit="word", vocab_size=3)
    assert capped.vocabulary == ("pease", "porridge", "<unk>")
    rare = full.tokens >= 2
    np.testing.assert_array_equal(capped.tokens, np.where(rare, 2, full.tokens))
    assert capped.counts(1).tolist() == [3, 3, rare.sum()]


def test_a_cap_that_holds_all_leaves_no_unknown():
    size = scb.text.Corpus.from_text(RHYME).vocab_size
    for cap in (size, size + 5):
        assert "<unk>" not in scb.text.Corpus.from_text(RHYME, vocab_size=cap).vocabulary
    capped = scb.text.Corpus.from_text(RHYME, vocab_size=size - 1)
    assert (capped.vocab_size, capped.vocabulary[-1]) == (size - 1, "<unk>")


def test_a_split_is_consecutive_and_knows_only_the_first_part():
    corpus = scb.text.Corpus.from_text(RHYME, unit="word")
    first, rest = corpus.split(0.5)
    words = as_written(RHYME).split()
    assert first.decode(first.tokens).split() == words[:7]
    known = set(words[:7])
    assert rest.decode(rest.tokens).split() == [
        word if word in known else "<unk>" for word in words[7:]
    ]
    assert first.vocabulary == rest.vocabulary
    assert first.counts(1)[-1] == 0  # the unknown token never occurs where all is known


def test_a_split_caps_by_the_first_part_alone():
    first, _ = scb.text.Corpus.from_text("b b a b a c c c c c c c", unit="word").split(
        5 / 12, vocab_size=2
    )
    assert first.vocabulary == ("b", "<unk>")


def test_three_parts_are_the_text_in_order():
    corpus = scb.text.Corpus.from_text(6 * RHYME)
    parts = corpus.split(0.6, 0.2)
    written = "".join(part.decode(part.tokens) for part in parts)
    assert written == corpus.decode(corpus.tokens)
    assert [len(part.tokens) for part in parts][1:] == [94, 95]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_counts_are_those_of_a_loop(order):
    corpus = scb.text.Corpus.from_text(RHYME)
    text, names = as_written(RHYME), corpus.vocabulary
    seen = Counter(text[i : i + order] for i in range(len(text) - order + 1))
    table = corpus.counts(order)
    assert table.sum() == len(text) - order + 1
    for ids in product(range(len(names)), repeat=order):
        newest_last = "".join(names[i] for i in reversed(ids))
        assert table[ids] == seen[newest_last]


def test_the_law_is_the_smoothed_share_of_a_loop():
    corpus = scb.text.Corpus.from_text(RHYME)
    text, names, s = as_written(RHYME), corpus.vocabulary, 0.7
    N, before = len(names), Counter(text[:-1])
    pairs = Counter(pairwise(text))
    P = corpus.distribution(2, s)
    for n, m in product(range(N), repeat=2):
        uni = (text.count(names[n]) + s / N) / (len(text) + s)
        share = (pairs[names[m], names[n]] + s * uni) / (before[names[m]] + s)
        assert P[n, m] == pytest.approx(share, abs=1e-14)
    np.testing.assert_allclose(corpus.distribution(3, s).sum(axis=0), 1)
    assert corpus.distribution(3, s).min() > 0


def test_one_more_observation_of_each_history_is_made_up_unless_asked_for_more():
    """Of abba: half a, half b; after a came b once, after b came a and b once each."""
    corpus = scb.text.Corpus.from_text("abba")
    expected = [[(0 + 0.5) / 2, (1 + 0.5) / 3], [(1 + 0.5) / 2, (1 + 0.5) / 3]]
    for found in (
        corpus.distribution(2),
        corpus.task(np.ones((1, 2))).transition,
        scb.text.NGram.fit(corpus, 2).table,
    ):
        np.testing.assert_allclose(found, expected, atol=1e-15)
    np.testing.assert_allclose(
        corpus.distribution(2, 4.0)[:, 0], [(0 + 4 / 2) / 5, (1 + 4 / 2) / 5]
    )


def test_shuffling_keeps_frequencies_and_loses_the_order():
    learn = alice()[0]
    mixed = learn.shuffled(np.random.default_rng(0))
    np.testing.assert_array_equal(mixed.counts(1), learn.counts(1))
    p, L, N = learn.frequencies, len(learn.tokens), learn.vocab_size
    task = mixed.task(np.ones((1, N)))
    # noise alone: N columns, each a square length of nearly normal entries; 4 deviations
    noise, D = N * (1 - p @ p) / L, np.diag(p) - np.outer(p, p)
    deviation = np.sqrt(2 * np.trace(D @ D) / N) / np.trace(D)
    assert deviation < 0.1
    assert task.transition_energy == pytest.approx(noise, rel=4 * deviation)


def test_a_task_from_a_text_is_its_bigram_with_a_law_close_to_the_frequencies():
    learn = alice()[0]
    Q = scb.model.random_attention(27, 12, 2, np.random.default_rng(0))
    task = learn.task(Q, smoothing=1.0)
    np.testing.assert_allclose(task.transition, learn.distribution(2, 1.0), atol=1e-15)
    np.testing.assert_allclose(task.transition @ task.stationary, task.stationary, atol=1e-14)
    assert 0.5 * np.abs(task.stationary - learn.frequencies).sum() < 1e-4
    q, u = (learn.vocabulary.index(c) for c in "qu")
    assert task.transition[u, q] > 0.98


def test_smoothing_gives_words_that_were_never_seen_a_column():
    first, _ = scb.text.Corpus.from_text("a b a b a b c", unit="word").split(0.5)
    task = first.task(np.ones((1, 3)))
    assert task.stationary.min() > 0


def test_a_table_of_counts_reads_the_tokens_nearest_to_the_end():
    corpus = scb.text.Corpus.from_text("abcabcabdabd" * 3)
    trigram = scb.text.NGram.fit(corpus, 3, 0.5)
    a, b, c = (corpus.vocabulary.index(x) for x in "abc")
    law = corpus.distribution(3, 0.5)
    contexts = [[c, a], [b, a], [a, c]]
    found = trigram.predict(contexts, [b, b, a])
    for row, (context, last) in zip(found, zip(contexts, [b, b, a], strict=True), strict=True):
        np.testing.assert_allclose(row, law[:, last, context[-1]])
    bigram = scb.text.NGram.fit(corpus, 2, 0.5)
    np.testing.assert_allclose(
        bigram.predict(contexts, [b, b, a]), corpus.distribution(2, 0.5)[:, [b, b, a]].T
    )
    unigram = scb.text.NGram.fit(corpus, 1, 0.5)
    np.testing.assert_allclose(unigram.predict([[a]], [b]), [corpus.distribution(1, 0.5)])


def test_a_table_of_counts_does_not_care_for_contexts_that_are_too_long():
    corpus = scb.text.Corpus.from_text(RHYME)
    model = scb.text.NGram.fit(corpus, 3)
    short, long = model.predict([[3]], [2]), model.predict([[5, 1, 3]], [2])
    np.testing.assert_array_equal(short, long)


def test_text_and_ids_go_both_ways():
    corpus = scb.text.Corpus.from_text(RHYME, unit="word", vocab_size=5)
    assert corpus.decode(corpus.encode("pease porridge gold")) == "pease porridge <unk>"


def test_blanks_are_seen_in_pictures():
    assert scb.text.Corpus.from_text("a b a").names == ["␣", "a", "b"]


def test_the_text_of_the_book_is_the_one_that_its_source_describes():
    raw = (DATA / "alice.txt").read_bytes()
    source = (DATA / "alice-source.txt").read_text(encoding="utf-8")
    assert hashlib.sha256(raw).hexdigest() in source
    assert f"{len(raw):,} bytes" in source
    assert len(raw) < 300_000
    assert raw.isascii()
    assert b"Alice was beginning to get very tired" in raw


TEXT = scb.text.Corpus.from_text("abba")
ERRORS = {
    "empty": (lambda: scb.text.Corpus.from_text(""), r"text: .*at least two characters, got none"),
    "no letters": (lambda: scb.text.Corpus.from_text("12, 3"), r"text: .*at least two characters"),
    "no words": (lambda: scb.text.Corpus.from_text("12", unit="word"), "text: .*words, got none"),
    "one symbol": (
        lambda: scb.text.Corpus.from_text("aaa"),
        "text: .*different characters, got 'a'",
    ),
    "one word": (lambda: scb.text.Corpus.from_text("ha ha", unit="word"), "text: .*got 'ha' only"),
    "bytes": (lambda: scb.text.Corpus.from_text(b"ab"), "text: expected a str, got bytes; decode"),
    "unit": (
        lambda: scb.text.Corpus.from_text("ab", unit="byte"),
        "unit: .*'character', 'word'.*'byte'",
    ),
    "cap of one": (lambda: scb.text.Corpus.from_text("ab", vocab_size=1), "vocab_size: .*2.*got 1"),
    "cap of 2.5": (lambda: scb.text.Corpus.from_text("ab", vocab_size=2.5), "vocab_size: .*2.5"),
    "small vocabulary": (lambda: scb.text.Corpus([0], ("a",), "word"), "vocabulary: .*two"),
    "twice": (lambda: scb.text.Corpus([0], ("a", "a"), "word"), "vocabulary: .*once"),
    "ids": (lambda: scb.text.Corpus([2], ("a", "b"), "word"), r"tokens: .*0 to 1, got 2"),
    "no file": (lambda: scb.text.Corpus.from_file("nowhere.txt"), "path: .*'nowhere.txt'"),
    "shares": (lambda: TEXT.split(0.5, 0.5), r"shares: .*below 1, got \(0.5, 0.5\)"),
    "no shares": (lambda: TEXT.split(), "shares: "),
    "negative share": (lambda: TEXT.split(-0.1), "shares: "),
    "short part": (lambda: TEXT.split(0.9), "shares: .*at least two tokens"),
    "one symbol in the first part": (
        lambda: scb.text.Corpus.from_text("aab aab", unit="word"),
        "text: .*different words",
    ),
    "order": (lambda: TEXT.counts(0), "order: "),
    "high order": (lambda: TEXT.counts(5), "order: .*4 tokens.*order 5"),
    "large table": (lambda: alice()[0].counts(6), "order: .*50,000,000"),
    "smoothing": (lambda: TEXT.distribution(2, 0), "smoothing: .*above 0"),
    "encode": (lambda: TEXT.encode("cab"), "text: .*vocabulary, got 'c'"),
    "decode": (lambda: TEXT.decode([7]), "tokens: .*0 to 1, got 7"),
    "shuffle": (lambda: TEXT.shuffled(3), "rng: .*Generator"),
    "task smoothing": (
        lambda: TEXT.task([[1.0, 1.0]], smoothing=-1),
        "smoothing: ",
    ),
    "task attention": (lambda: TEXT.task([[1.0]]), "attention: "),
    "table shape": (
        lambda: scb.text.NGram(np.full((2, 3), 0.5)),
        r"table: .*N, got shape \(2, 3\)",
    ),
    "table sums": (lambda: scb.text.NGram(np.ones((2, 2))), "table: .*sum to 1"),
    "short context": (
        lambda: scb.text.NGram.fit(TEXT, 4).predict([[0]], [0]),
        "tokens: expected at least 2 before",
    ),
    "lasts": (lambda: scb.text.NGram.fit(TEXT, 2).predict([[0]], [0, 1]), "last: "),
}


@pytest.mark.parametrize(("wrong", "message"), ERRORS.values(), ids=ERRORS)
def test_wrong_input_is_told_in_words(wrong, message):
    with pytest.raises(scb.ScbError, match=message):
        wrong()


def test_a_file_that_is_not_utf8_says_where(tmp_path):
    file = tmp_path / "latin.txt"
    file.write_bytes("Curiouser and curious\xe9r!".encode("latin-1"))
    with pytest.raises(scb.ScbError, match=r"UTF-8, got the byte 0xe9 at position 21 of"):
        scb.text.Corpus.from_file(file)


def test_a_file_in_utf8_is_read(tmp_path):
    file = tmp_path / "short.txt"
    file.write_text("Là-bas", encoding="utf-8")
    corpus = scb.text.Corpus.from_file(file)
    assert corpus.decode(corpus.tokens) == "là bas"


def test_a_corpus_is_not_to_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        TEXT.tokens[0] = 1
    assert TEXT.tokens.dtype == np.uint8
