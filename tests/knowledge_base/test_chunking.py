"""M7: sentence-aware passages of at least `chunk_words` words that never cross sections."""

from __future__ import annotations

import dataclasses

from medrwr.knowledge_base.chunking import chunk_document, passage_id, sentence_spans
from medrwr.records import to_line
from medrwr.types import Document, Section


def make(*texts: str, document_id: str = "d") -> Document:
    return Document(document_id, "Title", tuple(Section(f"s{i}", text) for i, text in enumerate(texts)), "src")


def texts(document: Document, chunk_words: int) -> list[str]:
    return [passage.text for passage in chunk_document(document, chunk_words=chunk_words)]


def test_m7_a_passage_ends_at_the_first_sentence_end_at_or_after_chunk_words() -> None:
    text = "One two three. Four five. Six seven eight nine ten. Eleven twelve thirteen."
    # 3 words, then 5 (>= 4: cut); 5 (>= 4: cut); 3 words: at least half of 4, so a passage of its own
    assert texts(make(text), 4) == [
        "One two three. Four five.",
        "Six seven eight nine ten.",
        "Eleven twelve thirteen.",
    ]


def test_m7_a_short_tail_joins_the_previous_passage_of_its_section() -> None:
    assert texts(make("One two three four five six. Seven.", "Eight nine."), 6) == [
        "One two three four five six. Seven.",
        "Eight nine.",  # never joined across sections, however short
    ]


def test_abbreviations_and_decimals_end_no_sentence_and_line_breaks_do() -> None:
    text = "Give 2.5 mg, e.g. at night (St. John). Dr. Smith agrees\nNext line"
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        "Give 2.5 mg, e.g. at night (St. John).",
        "Dr. Smith agrees",
        "Next line",
    ]


def test_a_table_without_full_stops_is_cut_between_words() -> None:
    # 25 words in one "sentence", more than 2 x 10: cut at 10 and 20; the tail of 5 is half of 10, kept
    lengths = [len(text.split()) for text in texts(make(" ".join(f"w{i}" for i in range(25))), 10)]
    assert lengths == [10, 10, 5]


def test_offsets_point_into_the_section_and_ids_depend_on_content_alone() -> None:
    document = make("One two three. Four five six.")
    passages = chunk_document(document, chunk_words=3)
    assert [document.sections[0].text[p.start : p.end] for p in passages] == [p.text for p in passages]
    assert passages[1].passage_id == passage_id("src", "d", "Four five six.")
    changed = chunk_document(make("Another first sentence. Four five six."), chunk_words=3)
    assert changed[1].passage_id == passages[1].passage_id
    assert (
        chunk_document(make("Four five six.", document_id="e"), chunk_words=3)[0].passage_id != passages[1].passage_id
    )


def test_a_passage_repeated_word_for_word_is_kept_once() -> None:
    assert texts(make("Four five six.", "Four five six."), 3) == ["Four five six."]


def test_m7_with_a_tail_share_of_one_every_passage_of_a_long_section_has_chunk_words() -> None:
    """Eight sentences of four words: passages of 12, 12 and 8 words; the last joins, and makes 20."""
    document = make(" ".join(f"One two three s{number}." for number in range(8)), "Two words.")
    lengths = [
        [len(passage.text.split()) for passage in chunk_document(document, chunk_words=12, tail_share=share)]
        for share in (0.5, 1.0)
    ]
    assert lengths == [[12, 12, 8, 2], [12, 20, 2]]


def test_dates_and_section_paths_reach_the_passage() -> None:
    section = Section("Treatment > Dose", "Five milligrams at night.")
    document = Document("d", "T", (section,), "s", date="2019-03")
    (passage,) = chunk_document(document, chunk_words=10)
    assert (passage.section, passage.date) == ("Treatment > Dose", "2019-03")
    assert '"date":"2019-03"' in to_line(passage)
    assert "date" not in to_line(dataclasses.replace(passage, date=""))
