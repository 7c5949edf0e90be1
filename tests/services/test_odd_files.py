"""CSV files as they come: every record is measured, or the file is an error."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.data_assets import file
from tests.services.test_planted_defects_in_files import Folder, run

pytestmark = pytest.mark.service
MANY = "".join(f"{number},v\n" for number in range(30_000))


def measured(content, *, count):
    folder = Folder()
    folder.files["odd.csv"] = content if isinstance(content, bytes) else content.encode()
    odd = file("s3", bucket="b", key="odd.csv")
    return run(folder, [odd.row_count().between(count, count), odd.distinct_count("s").at_least(0)])


@pytest.mark.parametrize(
    ("content", "distinct"),
    [
        ("x,s\n1,a\n2,b\n", 2),
        ("\ufeffx,s\n1,a\n2,b\n", 2),
        ("x;s\n1;a,b\n2;c,d\n", 2),
        ("x\ts\n1\ta\n2\tb\n", 2),
        ("x|s\r\n1|a\r\n2|b\r\n", 2),
        ("x,s\n1,a\n#2,b\n", 2),
        ("#x,s\n1,a\n2,b\n", 2),
        ("x,s\n1,'a\n2,b'\n", 2),
        ('x,s\n1,"a\nb"\n2,"say ""hi"""\n', 2),
        ('x,s\n1,"a\\"\n2,b', 2),
        ('"x, y; z",s\n1,a\n2,b\n', 2),
    ],
)
def test_every_record_is_measured(content, distinct):
    count, values = measured(content, count=2)
    assert (str(count.outcome), values.measured) == ("pass", distinct), (count, values)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Report of May\nx,s\n1,secret\n2,b\n", "each record needs as many fields as the header"),
        ("x,s\n1,secret\n2\n3,c\n", "each record needs as many fields as the header"),
        ('x,s\n1,"secret\n2,b\n', "each quote its end"),
        (f"x,s\n{MANY}1,secret,3\n", "line 30002 of the file: 3 fields, the header has 2"),
        (f"x,s\n{MANY}1,".encode() + b"secret\xff\n", "not UTF-8, or no CSV"),
        ("x,t\n1,secret\n", "correct the test, or the file"),
        ("", "correct the test, or the file"),
    ],
)
def test_what_is_no_csv_is_an_error_without_a_value_of_it(content, told):
    _, verdict = measured(content, count=0)
    assert str(verdict.outcome) == "error"
    assert told in verdict.detail
    assert "secret" not in verdict.detail


def test_an_error_names_the_file():
    folder = Folder()
    folder.files["in/odd.csv"] = b"x,s\nNaN,a\n1,b\n"
    (verdict,) = run(folder, [file("s3", bucket="b", key="in/odd.csv").sum("x").at_least(0)])
    assert verdict.detail.startswith("sum(x) of odd.csv is nan, which is no number")
