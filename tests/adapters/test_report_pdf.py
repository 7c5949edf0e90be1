"""A weekly report as PDF, with the letters that people's names have."""

from __future__ import annotations

import re
import zlib
from datetime import date

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

from airflow_dataops.adapters.report_pdf import report_pdf
from airflow_dataops.domain.weekly_report import Week, WeeklyReport
from airflow_dataops.errors import ConfigurationError

NAME = "łódź"
REPORT = WeeklyReport(
    about=NAME, week=Week(date(2026, 11, 16)), kitchens=(), finished=(), under_way={}
)


@pytest.fixture
def font(tmp_path):
    """A font with every letter of the report, all of them empty."""
    letters = sorted(set(f"{NAME}, week From W seven days in UTC.-0123456789"))
    glyphs = [".notdef", *(f"letter{ord(letter)}" for letter in letters)]
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(glyphs)
    made.setupCharacterMap({ord(letter): f"letter{ord(letter)}" for letter in letters})
    made.setupGlyf({glyph: Glyph() for glyph in glyphs})
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (500, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    path = tmp_path / "font.ttf"
    made.save(path)
    return path


def streams_of(pdf):
    found = re.findall(rb"stream\n(\x78.*?)\nendstream", pdf, re.DOTALL)
    return [zlib.decompress(stream) for stream in found]


def letters_of(pdf):
    """What the document says that its glyphs stand for."""
    codes = re.findall(rb"<[0-9A-F]{4}> <([0-9A-F]{4})>", pdf)
    return {chr(int(code, 16)) for code in codes}


def test_a_font_that_has_them_shows_all_letters(font):
    assert letters_of(report_pdf(REPORT, font)) >= set(NAME)


def test_without_a_font_letters_of_latin_1_are_left():
    pdf = report_pdf(REPORT)
    assert pdf.startswith(b"%PDF-")
    assert letters_of(pdf) == set()
    assert any("?ód?, week".encode("latin-1") in page for page in streams_of(pdf))


# fontTools leaves what it cannot read to the collector, open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("content", [b"no font", None], ids=["other", "none"])
def test_what_is_no_font_is_said(tmp_path, content):
    path = tmp_path / "font.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"report_font names .*font\.ttf"):
        report_pdf(REPORT, path)
