"""A pipeline in YAML that is wrong: its author learns where and what to do, the others go on."""

from __future__ import annotations

import pytest

from airflow_dataops.errors import PipelineError
from tests.broken_pipelines import BROKEN, stage

GOOD = {"pipelines/good/pipeline.yaml": stage()}


def complaint_of(kitchens, files):
    kitchens.write("dev_kitchen", GOOD | files)
    dags = kitchens.dags()
    assert set(dags) == {"dev_kitchen.good", "dev_kitchen.broken_pipelines"}
    dags["dev_kitchen.good"].validate()
    with pytest.raises(PipelineError) as caught:
        dags["dev_kitchen.broken_pipelines"].validate()
    return str(caught.value)


def test_there_are_many_ways_to_be_wrong():
    assert len({broken.name for broken in BROKEN}) == len(BROKEN) >= 60


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_pipeline_is_told_with_its_place_and_does_no_harm(kitchens, broken):
    files = {"pipelines/broken/pipeline.yaml": broken.text, **broken.more}
    said = complaint_of(kitchens, files)
    place = broken.file if broken.line is None else f"{broken.file}:{broken.line}"
    assert f"{place}: " in said
    assert broken.words in said
    assert "Traceback" not in said
    assert len(said) < 2000
