"""The gate as a value: open or not, why, and in one line."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.input_tree import (
    PipelineInputs,
    TreeInputs,
    changed_inputs,
    inputs_of,
)
from airflow_dataops.domain.merge_gate import Asked, Gate, GateItem

GREEN = GateItem(asked=Asked.GREEN, about="profit", there="green in dev_kitchen", is_met=True)
UNTESTED = GateItem(
    asked=Asked.GREEN,
    about="churn",
    there="never tested as it would run",
    is_met=False,
    to_do="airflow dataops kitchen test dev_kitchen --changed",
)
BEHIND = GateItem(
    asked=Asked.MERGED_DOWN, there="demo_dev has changes", is_met=False, to_do="merge them down"
)


def test_a_gate_is_open_when_all_that_is_asked_is_there():
    assert Gate(items=(GREEN,)).is_open
    shut = Gate(items=(GREEN, UNTESTED))
    assert (shut.is_open, shut.missing, shut.untested) == (False, (UNTESTED,), ("churn",))
    assert str(UNTESTED) == (
        "churn: never tested as it would run; airflow dataops kitchen test dev_kitchen --changed"
    )


def test_an_override_does_without_evidence_and_without_nothing_else():
    gate = Gate(items=(BEHIND, GREEN, UNTESTED), overridden_by="chris")
    assert (gate.overridden, gate.missing) == ((UNTESTED,), (BEHIND,))
    assert Gate(items=(GREEN, UNTESTED), overridden_by="chris").is_open


@pytest.mark.parametrize(
    ("gate", "line"),
    [
        (Gate(), "no pipeline is changed"),
        (Gate(items=(GREEN,)), "1 changed pipeline green on exactly this"),
        (Gate(items=(GREEN, GREEN)), "2 changed pipelines green on exactly this"),
        (Gate(items=(BEHIND, UNTESTED)), "demo_dev has changes; merge them down (and 1 more)"),
        (Gate(items=(UNTESTED,), overridden_by="chris"), "overridden by chris: 1 not green"),
    ],
)
def test_a_gate_is_told_in_one_line(gate, line):
    assert gate.summary == line


def test_the_line_fits_into_the_status_of_a_commit():
    long = GateItem(asked=Asked.GREEN, about="p" * 150, there="never tested", is_met=False)
    assert len(Gate(items=(long, UNTESTED)).summary) == 140


IDS = {"pipelines/profit": "f1", "lib": "l1", "pipelines/__init__.py": "i1"}


class TestInputTrees:
    def tree(self, *, tree="t1", declared=("lib",), undeclared=(), **ids):
        found = {**IDS, **ids}
        return inputs_of("profit", tree=tree, declared=declared, ids=found, undeclared=undeclared)

    def test_what_lies_elsewhere_leaves_a_declaring_pipeline_alone(self):
        one = self.tree()
        assert one.paths == ("lib", "pipelines/__init__.py", "pipelines/profit")
        assert self.tree(tree="t2", other="o2") == one
        assert self.tree(lib="l2").input_tree != one.input_tree
        assert self.tree(**{"pipelines/profit": "f2"}).input_tree != one.input_tree
        assert self.tree(**{"pipelines/__init__.py": "i2"}).input_tree != one.input_tree

    def test_a_pipeline_that_declares_nothing_is_built_from_the_whole_tree(self):
        one, other = self.tree(declared=None), self.tree(declared=None, tree="t2")
        assert (one.paths, one.input_tree == other.input_tree) == (None, False)

    def test_an_empty_declaration_is_its_own_folder_alone(self):
        assert self.tree(declared=()) == self.tree(declared=(), tree="t2", lib="l2")

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"declared": ("lib", "sql")}, "it declares sql, which is not there"),
            ({"undeclared": ("tools",)}, "it uses tools and does not declare it"),
        ],
    )
    def test_a_declaration_that_cannot_be_trusted_counts_as_none(self, changes, why):
        one = self.tree(**changes)
        assert (one.paths, one.why_whole) == (None, why)
        assert one.input_tree == self.tree(declared=None).input_tree

    def test_two_pipelines_of_the_same_files_are_two(self):
        same = {"declared": None, "tree": "t", "ids": {}}
        assert inputs_of("a", **same).input_tree != inputs_of("b", **same).input_tree

    def test_changes_are_those_of_the_second_tree(self):
        def tree(ordinary, **inputs):
            pipelines = {
                name: PipelineInputs(name=name, input_tree=id_, paths=())
                for name, id_ in inputs.items()
            }
            return TreeInputs(tree="t", pipelines=pipelines, ordinary=ordinary)

        before = tree({"dags/a.py": "1", "dags/b.py": "1"}, same="1", other="1", gone="1")
        after = tree({"dags/a.py": "2", "dags/c.py": "1"}, same="1", other="2", new="1")
        found = changed_inputs(before, after)
        assert [one.name for one in found.pipelines] == ["new", "other"]
        assert (found.removed, found.ordinary, found.removed_ordinary) == (
            ("gone",),
            ("dags/a.py", "dags/c.py"),
            ("dags/b.py",),
        )
