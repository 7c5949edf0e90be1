from __future__ import annotations

import json

import pytest

from airflow_dataops.control_charts.__main__ import main


@pytest.fixture
def charted(tmp_path, capsys):
    """The command's answer to some data, as a dictionary."""

    def run(data, *options):
        place = tmp_path / "data.json"
        place.write_text(json.dumps(data))
        assert main([*options, "--input", str(place)]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def refused(tmp_path, capsys):
    """The one line with which the command refuses a text."""

    def run(text, *options):
        place = tmp_path / "data"
        place.write_text(text)
        assert main([*options, "--input", str(place)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err

    return run
