"""A weekly report as PDF, through fpdf2 (extra ``reports``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.work import lasting
from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fpdf import FPDF

    from airflow_dataops.domain.weekly_report import KitchenWeek, WeeklyReport

_OWN = "Helvetica"  # one of the fonts that every reader of PDF has, with Latin-1's letters
_NAMED = "report"


def report_pdf(report: WeeklyReport, font: Path | None = None) -> bytes:
    """The report on A4 pages.

    Args:
        report: the week.
        font: a TrueType or OpenType file to write it with. Without one, letters that PDF's own
            fonts lack are shown as ``?``.

    Raises:
        ConfigurationError: fpdf2 is not installed, or the font cannot be read.
    """
    try:
        from fpdf import FPDF
    except ImportError as error:
        message = (
            "reports as PDF need fpdf2: pip install 'airflow-provider-dataops[reports]' where the "
            "API server runs, or ask for html"
        )
        raise ConfigurationError(message) from error
    pdf = FPDF(format="A4")
    _use(pdf, font)
    pdf.set_title(f"{report.about}, week {report.week}")
    pdf.add_page()
    _line(pdf, f"{report.about}, week {report.week}", size=16, bold=True)
    _line(pdf, f"From {report.week.monday}, seven days, in UTC.")
    for one in report.kitchens:
        _kitchen(pdf, one)
    if report.finished:
        _line(pdf, "In production", size=13, bold=True)
        rows = [(one.kitchen, one.ticket or "", lasting(one.cycle_time)) for one in report.finished]
        _table(pdf, ("Work", "Ticket", "From the order to the enabled schedule"), rows)
    if report.under_way:
        _line(pdf, "Under way", size=13, bold=True)
        _line(pdf, _counted(report.under_way, " at "))
    return bytes(pdf.output())


def _use(pdf: FPDF, font: Path | None) -> None:
    if font is None:
        pdf.set_font(_OWN)
        return
    try:
        for style in ("", "B"):
            pdf.add_font(_NAMED, style=style, fname=font)
    except Exception as error:  # fontTools raises what it meets in a file
        message = (
            f"[dataops] report_font names {font}, which cannot be used as a font: {error}; name a "
            "TrueType or OpenType file on the API server's host, or none"
        )
        raise ConfigurationError(message) from error
    pdf.set_font(_NAMED)


def _kitchen(pdf: FPDF, one: KitchenWeek) -> None:
    _line(pdf, one.kitchen, size=13, bold=True)
    if one.quality is not None:
        before = f", {one.quality_before:g} % the week before" if one.quality_before else ""
        _line(pdf, f"Quality of its data {one.quality:g} %{before}.")
    rows = [
        (each.pipeline, _counted(each.runs) or "none", _counted(each.verdicts) or "none")
        for each in one.pipelines
    ]
    if rows:
        _table(pdf, ("Pipeline", "Runs", "Data tests"), rows)
    else:
        _line(pdf, "Nothing ran.")
    for merge in one.merges:
        did = "took back a merge of" if merge.is_revert else "merged"
        _line(pdf, f"{merge.at:%Y-%m-%d %H:%M} UTC: {merge.by} {did} {merge.merged}")


def _counted(counts: Mapping[Any, int], between: str = " ") -> str:
    return ", ".join(f"{number}{between}{what}" for what, number in counts.items())


def _line(pdf: FPDF, text: str, *, size: int = 10, bold: bool = False) -> None:
    pdf.set_font(style="B" if bold else "", size=size)
    pdf.multi_cell(0, size * 0.55, _shown(pdf, text), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _table(pdf: FPDF, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    pdf.set_font(style="", size=9)
    with pdf.table() as table:
        for cells in (head, *rows):
            row = table.row()
            for cell in cells:
                row.cell(_shown(pdf, cell))
    pdf.ln(2)


def _shown(pdf: FPDF, text: str) -> str:
    if pdf.font_family == _NAMED:
        return text
    return text.encode("latin-1", "replace").decode("latin-1")
