"""What a pipeline does not say, in Python or YAML, because each kitchen does."""

from __future__ import annotations

# What these mean is the kitchen's to say, not the code's that runs in every kitchen alike.
DECIDED_BY_KITCHEN = {
    "dag_id": "the DAG is named after its kitchen and the pipeline's folder",
    "is_paused_upon_creation": "a kitchen's pipelines can always be run by hand",
    "disable_bundle_versioning": "a kitchen's runs are pinned to a version",
    "start_date": "a schedule starts when it is enabled",
    "catchup": "nothing runs before a schedule is enabled",
}
