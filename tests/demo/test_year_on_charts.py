"""A year of real files on the charts: quiet, and sharp where something happens."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_dataops.demo import year_on_charts
from airflow_dataops.demo.retail_data import weekly_numbers


def test_the_numbers_of_a_week_are_those_of_its_file():
    (week,) = weekly_numbers([date(2017, 3, 6)])
    assert week.rows == 29249
    assert week.mean_sale == pytest.approx(3.0566, abs=1e-4)


def test_a_year_of_real_files_is_quiet_and_what_goes_wrong_is_told():
    said: list[str] = []
    assert year_on_charts.tell(said.append, "2017-12-25") == []
    told = "\n".join(said)
    assert "50 real weekly files, measured outside of Airflow" in told
    assert "none of 50 weeks told as unusual" in told
    assert "2017-12-25, corrupted: stopped by rows" in told
    assert "2017-12-25, corrupted: stopped by mean sale" in told
    assert "a warning of the weighted mean (ewma) on 2017-10-23" in told
    assert "single weeks (individuals) show it on 2017-10-30" in told
