"""The kitchen tree under any sequence of requests, beside a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import StaticPool, create_engine, event, text

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    KitchenBusy,
    KitchenError,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
    Superseded,
)
from airflow_dataops.services import kitchens
from tests.fakes_places import FakeWorkers
from tests.installation import Installation, occasion
from tests.kitchen_values import deed

pytestmark = pytest.mark.airflow

BASES = {"demo_production": None, "demo_dev": "demo_production"}
NAMES = st.sampled_from(["ada", "bob", "cy", "dee"])
PARENTS = st.sampled_from(["demo_dev", "ada", "bob", "cy", "dee", "nobody"])
ANY = st.one_of(NAMES, st.sampled_from(["demo_dev", "nobody"]))
PEOPLE = st.sampled_from(["padma", "chris"])
MEMBERS = st.sampled_from(["padma", "chris", "role:analysts"])


@dataclass
class Modelled:
    """What the model knows of a living kitchen."""

    parent: str | None
    by: str
    state: KitchenState = KitchenState.CREATING
    staff: dict = field(default_factory=dict)
    ticket: str | None = None


def database():
    """Our tables on SQLite, and of Airflow's those that ours look at."""
    from airflow.models.dagbag import DagPriorityParsingRequest

    from airflow_dataops.registry.models import Base

    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))
    Base.metadata.create_all(engine)
    DagPriorityParsingRequest.__table__.create(engine)
    with engine.begin() as connection:
        connection.execute(text("create table dag (dag_id text, bundle_name text)"))
    return engine


def installation_on(engine):
    """The installation of the services' tests, with real tables."""
    from airflow_dataops.registry.audit import AuditTable
    from airflow_dataops.registry.kitchens import KitchenTable
    from airflow_dataops.registry.operations import OperationTable

    made = Installation()
    made.registry = KitchenTable(engine, bundle_name="kitchens_{}".format)
    made.operations = OperationTable(engine)
    made.audit = AuditTable(engine)
    made.workers = FakeWorkers(made.operations, made.tools)
    made.places = replace(
        made.places, registry=made.registry, operations=made.operations, workers=made.workers
    )
    return made


class KitchenTree(RuleBasedStateMachine):
    begun = Bundle("begun")

    def __init__(self):
        super().__init__()
        self.engine = database()
        self.installation = installation_on(self.engine)
        self.model = {}
        self.deeds = 0
        self.deleted = []
        for name, parent in BASES.items():
            self.installation.begin(name, parent, by="chris")
            self.installation.work()
            self.model[name] = Modelled(
                parent=parent, by="chris", state=KitchenState.READY, staff={"chris": Role.HEAD}
            )
            self.deeds += 2

    def teardown(self):
        self.engine.dispose()

    @rule(target=begun, name=NAMES, parent=PARENTS, by=PEOPLE)
    def create(self, name, parent, by):
        expected = self._refusal_to_create(name, parent, by)
        if expected:
            with pytest.raises(expected):
                self.installation.begin(name, parent, by=by)
            return multiple()
        is_new = name not in self.model
        operation = self.installation.begin(name, parent, by=by)
        if is_new:
            self.model[name] = Modelled(parent=parent, by=by, staff={by: Role.HEAD})
            self.deeds += 1
        return operation

    @rule(target=begun, name=ANY, by=PEOPLE)
    def delete(self, name, by):
        known = self.model.get(name)
        expected = self._refusal_to_delete(name)
        if expected:
            with pytest.raises(expected):
                self.installation.begin_to_delete(name, by=by)
            return multiple()
        operation = self.installation.begin_to_delete(name, by=by)
        if known.state is not KitchenState.DELETING:
            known.state = KitchenState.DELETING
            self.deeds += 1
        return operation

    @rule(operation=consumes(begun))
    def workers_end_it(self, operation):
        """One that was begun, and may have been taken over or ended since."""
        self.installation.workers.started = {"its run": operation}
        now = self.installation.operations.operation(operation.id)
        if now.is_over or now.attempt != operation.attempt:
            with pytest.raises(Superseded):
                self.installation.operations.step(
                    operation, operation.steps[-1].part, operation.steps[-1].progress
                )
            return
        self.installation.work()
        self.deeds += 1
        known = self.model[operation.kitchen.name]
        if known.state is KitchenState.CREATING:
            known.state = KitchenState.READY
        else:
            self.deleted.append(operation.kitchen.id)
            del self.model[operation.kitchen.name]

    @rule()
    def workers_die(self):
        self.installation.workers.die()

    @rule(name=ANY, who=MEMBERS, role=st.sampled_from(Role))
    def put_member(self, name, who, role):
        def put(kitchen):
            member = Member(who=who, role=role)
            self.installation.registry.put_member(kitchen, member, audit=deed("staff", kitchen))

        if self._done_to_living(name, put):
            self.model[name].staff[who] = role

    @rule(name=ANY, who=MEMBERS)
    def remove_member(self, name, who):
        def remove(kitchen):
            self.installation.registry.remove_member(kitchen, who, audit=deed("staff", kitchen))

        if self._done_to_living(name, remove):
            self.model[name].staff.pop(who, None)

    @rule(name=ANY, ticket=st.sampled_from([None, "DATA-1", "DATA-2"]))
    def change(self, name, ticket):
        def change(kitchen):
            changed = replace(kitchen.settings, ticket=ticket)
            kitchens.change(kitchen, changed, occasion(), self.installation.registry)

        if self._done_to_living(name, change):
            self.model[name].ticket = ticket

    @invariant()
    def the_tables_say_what_the_model_says(self):
        found = self.installation.registry.kitchens()
        staffs = self.installation.registry.staffs(found)
        said = {
            kitchen.name: Modelled(
                parent=kitchen.parent,
                by=kitchen.created_by,
                state=kitchen.state,
                staff={member.who: member.role for member in staffs[kitchen.id]},
                ticket=kitchen.settings.ticket,
            )
            for kitchen in found
        }
        assert said == self.model

    @invariant()
    def every_kitchen_hangs_on_the_root(self):
        parents = {k.name: k.parent for k in self.installation.registry.kitchens()}
        for name in parents:
            above, steps = name, 0
            while above != "demo_production":
                above, steps = parents[above], steps + 1
                assert steps <= len(parents)

    @invariant()
    def one_operation_is_under_way_where_a_kitchen_comes_or_goes(self):
        for kitchen in self.installation.registry.kitchens():
            under_way = [
                operation
                for operation in self.installation.operations.all_of(kitchen)
                if not operation.is_over
            ]
            assert len(under_way) == (kitchen.state is not KitchenState.READY)

    @invariant()
    def every_deed_is_in_the_audit_trail_once(self):
        assert len(self.installation.audit.entries(AuditQuery())) == self.deeds

    @invariant()
    def what_is_deleted_is_remembered_and_leaves_no_branch(self):
        names = ("ada", "bob", "cy", "dee")
        former = [k.id for name in names for k in self.installation.registry.former(name)]
        assert sorted(former) == sorted(self.deleted)
        assert set(self.installation.repository.tips) <= {"main", *self.model}

    def _refusal_to_create(self, name, parent, by):
        known = self.model.get(name)
        if known is not None:
            if known.state is not KitchenState.CREATING:
                return KitchenExists
            return KitchenBusy if known.by != by else None
        if parent not in self.model:
            return KitchenNotFound
        is_going = self.model[parent].state is KitchenState.DELETING
        return KitchenBusy if is_going else None

    def _refusal_to_delete(self, name):
        if name not in self.model:
            return KitchenNotFound
        if self.model[name].state is KitchenState.DELETING:
            return None
        if name in BASES:
            return KitchenError
        children = [k for k in self.model.values() if k.parent == name]
        return KitchenHasChildren if children else None

    def _done_to_living(self, name, deed_on):
        """Whether something could be done to a kitchen, as the model says that it can."""
        if name not in self.model:
            with pytest.raises(KitchenNotFound):
                self.installation.registry.kitchen(name)
            return False
        kitchen = self.installation.registry.kitchen(name)
        if kitchen.state is KitchenState.DELETING:
            with pytest.raises(KitchenBusy):
                deed_on(kitchen)
            return False
        deed_on(kitchen)
        self.deeds += 1
        return True


def test_the_tree_keeps_its_rules_under_any_requests():
    run_state_machine_as_test(
        KitchenTree,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
