"""Which kitchens there can be."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.errors import (
    EnvironmentNotFound,
    InvalidName,
    KitchenBusy,
    KitchenError,
    KitchenExists,
    KitchenNotFound,
)
from tests.installation import Installation
from tests.kitchen_values import NOON


class TestPlanning:
    def test_a_kitchen_has_its_parents_environment_unless_it_is_given_another(self, installation):
        assert installation.plan("one", "demo_dev").environment == "development"
        assert installation.plan("two", "demo_dev", "staging").environment == "staging"

    def test_a_kitchen_can_be_cut_from_a_protected_environments_base(self, installation):
        planned = installation.plan("hotfix", "demo_production", "development")
        assert (planned.parent, planned.environment) == ("demo_production", "development")

    def test_a_base_kitchen_stands_on_the_branch_of_the_environments_file(self):
        planned = Installation().plan("demo_production")
        assert (planned.environment, planned.branch, planned.parent) == ("production", "main", None)

    def test_a_plan_is_the_kitchen_as_it_would_be_and_nothing_is_made(self, installation):
        before = installation.outside
        planned = installation.plan("dev_kitchen", "demo_dev", ticket="DATA-117", shared=False)
        assert planned.created_by == "padma"
        assert planned.created_at == NOON
        assert planned.project == "retail"
        assert planned.branch == "dev_kitchen"
        assert planned.state is KitchenState.CREATING
        assert planned.settings == KitchenSettings(ticket="DATA-117", shared=False)
        assert installation.outside == before

    @pytest.mark.parametrize(
        ("asked", "error", "words"),
        [
            (("Dev",), InvalidName, "snake_case"),
            (("dataops", "demo_dev"), InvalidName, "reserved"),
            (("demo_dev",), KitchenExists, "a kitchen of this name exists"),
            (("dev_kitchen", "nobody"), KitchenNotFound, "kitchens: demo_dev, demo_production"),
            (("dev_kitchen", "dev_kitchen"), KitchenNotFound, "no kitchen named 'dev_kitchen'"),
            (("dev_kitchen",), KitchenError, "needs a parent to be cut from"),
            (("dev_kitchen", None, "development"), KitchenError, "needs a parent to be cut from"),
            (("dev_kitchen", "demo_dev", "nowhere"), EnvironmentNotFound, "declared: bank, dev"),
            (("dev_kitchen", "demo_dev", "bank"), KitchenError, "belongs to project 'retail'"),
            (("dev_kitchen", "demo_dev", "production"), KitchenError, "protected and has one"),
            (("dev_kitchen", "demo_production"), KitchenError, "protected and has one kitchen"),
            (("demo_bank", "demo_dev"), KitchenError, "belongs to project 'retail'"),
            (("demo_bank", None, "production"), KitchenError, "base kitchen of bank, not of"),
        ],
    )
    def test_what_cannot_be_is_refused_before_anything_is_made(
        self, installation, asked, error, words
    ):
        before = installation.outside
        with pytest.raises(error, match=words):
            installation.begin(*asked)
        assert installation.outside == before
        assert installation.hooks.told == []

    def test_a_branch_that_is_meant_for_another_kitchen_is_refused(self, installation):
        with pytest.raises(KitchenExists, match="branch 'main' belongs to kitchen 'demo_produc"):
            installation.plan("main", "demo_dev")

    def test_a_name_in_whose_namespace_others_have_dags_is_refused(self, installation):
        installation.recorded.foreign_dags.append("finance.daily")
        before = installation.outside
        with pytest.raises(KitchenExists, match=r"DAG 'finance\.daily' lies in its namespace"):
            installation.begin("finance", "demo_dev")
        assert installation.outside == before

    def test_nothing_is_cut_from_a_kitchen_that_goes(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.begin_to_delete("dev_kitchen")
        with pytest.raises(KitchenBusy, match="no kitchen can be cut from it any more"):
            installation.plan("padma", "dev_kitchen")
