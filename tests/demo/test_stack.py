from __future__ import annotations

import asyncio
import json
import os
import stat
from datetime import date

import asyncssh
import boto3
import hvac
import psycopg
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from airflow_dataops.specs.environment_file import load_environments

pytestmark = pytest.mark.service

OTHER = {"production": "development", "development": "production"}
BOTH_WAYS = pytest.mark.parametrize("name", sorted(OTHER))


@pytest.fixture
def addresses(embedded_stack):
    return embedded_stack.addresses


@pytest.fixture
def vault(addresses):
    """Makes a client that is logged in as an environment."""
    clients = []

    def logged_in(name):
        client = hvac.Client(url=addresses.vault_url, timeout=5)
        clients.append(client)
        place = addresses.environments[name]
        client.auth.approle.login(
            role_id=place.role_id_file.read_text(), secret_id=place.secret_id_file.read_text()
        )
        return client

    yield logged_in
    for client in clients:
        client.adapter.close()


@pytest.fixture
def tool(vault):
    """Reads a tool's fields as its own environment reads them."""

    def read(name, tool):
        secret = vault(name).secrets.kv.v2.read_secret_version(
            path=f"tools/{tool}", mount_point=name, raise_on_deleted_version=True
        )
        return secret["data"]["data"]

    return read


def connect(fields, **changes):
    place = {
        "host": fields["host"],
        "port": fields["port"],
        "user": fields["login"],
        "password": fields["password"],
        "dbname": fields["schema"],
    }
    return psycopg.connect(**place | changes, connect_timeout=5)


def s3_client(fields, **changes):
    extra = json.loads(fields["extra"])
    login = {
        "aws_access_key_id": fields["login"],
        "aws_secret_access_key": fields["password"],
    }
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client("s3", **login | changes, **extra, config=once)


def sftp(fields, work, **changes):
    host_key = json.loads(fields["extra"])["host_key"]
    place = {
        "host": fields["host"],
        "port": int(fields["port"]),
        "username": fields["login"],
        "password": fields["password"],
        "known_hosts": ([asyncssh.import_public_key(host_key)], [], []),
        "config": None,
        "client_keys": None,
        "agent_path": None,
    }

    async def session():
        async with (
            asyncssh.connect(**place | changes) as connection,
            connection.start_sftp_client() as client,
        ):
            return await work(client)

    return asyncio.run(session())


def refusal(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]["Code"]


@BOTH_WAYS
def test_warehouse_login_owns_its_database(name, tool):
    with connect(tool(name, "redshift")) as connection:
        connection.execute("CREATE SCHEMA kitchen_test")
        connection.execute("CREATE TABLE kitchen_test.numbers AS SELECT 1 AS number")
        connection.rollback()


@BOTH_WAYS
@pytest.mark.parametrize("database", ["other", "airflow", "openbao", "postgres", "template1"])
def test_warehouse_login_is_refused_by_every_other_database(name, database, tool):
    database = f"warehouse_{OTHER[name]}" if database == "other" else database
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(tool(name, "redshift"), dbname=database)


def test_wrong_database_password_is_refused(tool):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(tool("production", "redshift"), password="wrong")  # noqa: S106


def test_metadata_database_is_airflows_own(addresses):
    url = addresses.metadata_url.replace("postgresql+psycopg2", "postgresql")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.rollback()


@BOTH_WAYS
def test_environments_vault_login_is_refused_by_the_other_mount(name, vault):
    with pytest.raises(hvac.exceptions.Forbidden):
        vault(name).secrets.kv.v2.read_secret_version(
            path="tools/redshift", mount_point=OTHER[name], raise_on_deleted_version=True
        )


def test_environments_vault_login_may_not_write(vault):
    with pytest.raises(hvac.exceptions.Forbidden):
        vault("development").secrets.kv.v2.create_or_update_secret(
            path="tools/redshift", secret={"login": "mine"}, mount_point="development"
        )


def test_secret_that_was_put_is_read_by_its_environment(embedded_stack, vault):
    embedded_stack.put_secret("development", "kitchens/padma/redshift", {"login": "padma"})
    secret = vault("development").secrets.kv.v2.read_secret_version(
        path="kitchens/padma/redshift", mount_point="development", raise_on_deleted_version=True
    )
    assert secret["data"]["data"] == {"login": "padma"}


@BOTH_WAYS
def test_s3_key_reaches_its_own_bucket_alone(name, tool):
    client = s3_client(tool(name, "s3"))
    client.put_object(Bucket=f"acme-{name}", Key="kitchen/numbers.csv", Body=b"1\n2\n")
    content = client.get_object(Bucket=f"acme-{name}", Key="kitchen/numbers.csv")["Body"].read()
    assert content == b"1\n2\n"
    other = f"acme-{OTHER[name]}"
    assert refusal(client.list_objects_v2, Bucket=other) == "AccessDenied"
    assert refusal(client.get_object, Bucket=other, Key="kitchen/numbers.csv") == "AccessDenied"
    assert refusal(client.put_object, Bucket=other, Key="x", Body=b"") == "AccessDenied"
    assert refusal(client.delete_object, Bucket=other, Key="x") == "AccessDenied"
    copy = {"Bucket": f"acme-{name}", "Key": "kitchen/numbers.csv"}
    assert refusal(client.copy_object, Bucket=other, Key="x", CopySource=copy) == "AccessDenied"


def test_s3_copy_out_of_the_other_environments_bucket_is_refused(tool):
    real = s3_client(tool("production", "s3"))
    real.put_object(Bucket="acme-production", Key="real.csv", Body=b"real")
    client = s3_client(tool("development", "s3"))
    copy = {"Bucket": "acme-production", "Key": "real.csv"}
    code = refusal(client.copy_object, Bucket="acme-development", Key="real.csv", CopySource=copy)
    assert code == "AccessDenied"


def test_s3_multipart_upload_works(tool):
    client = s3_client(tool("production", "s3"))
    content = os.urandom(9 * 2**20)
    path = {"Bucket": "acme-production", "Key": "large.bin"}
    upload = client.create_multipart_upload(**path)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                **path, UploadId=upload, PartNumber=number, Body=content[start : start + 5 * 2**20]
            )["ETag"],
        }
        for number, start in ((1, 0), (2, 5 * 2**20))
    ]
    client.complete_multipart_upload(**path, UploadId=upload, MultipartUpload={"Parts": parts})
    assert client.get_object(**path)["Body"].read() == content


def test_s3_wrong_secret_is_refused(tool):
    client = s3_client(tool("production", "s3"), aws_secret_access_key="wrong")  # noqa: S106
    code = refusal(client.list_objects_v2, Bucket="acme-production")
    assert code == "SignatureDoesNotMatch"


def test_s3_refuses_whoever_does_not_sign(addresses):
    assert requests.get(f"{addresses.s3_url}/acme-production", timeout=5).status_code == 403


@pytest.mark.parametrize("page", ["reset", "reset-auth", "data.json", "config"])
def test_s3_checks_cannot_be_switched_off(page, addresses):
    answer = requests.post(f"{addresses.s3_url}/moto-api/{page}", data="inf", timeout=5)
    assert answer.status_code == 403


def test_s3_key_cannot_make_another_key(tool):
    fields = tool("development", "s3")
    iam = boto3.client(
        "iam",
        aws_access_key_id=fields["login"],
        aws_secret_access_key=fields["password"],
        **json.loads(fields["extra"]),
    )
    with pytest.raises(ClientError):
        iam.create_access_key(UserName="etl_production")


@BOTH_WAYS
def test_sftp_login_sees_its_own_directory_as_root(name, embedded_stack, tool):
    (embedded_stack.outbox(name) / "greeting.txt").write_text(name)

    async def read(client):
        names = {entry for entry in await client.listdir("/") if not entry.startswith(".")}
        async with client.open("/outbox/greeting.txt") as file:
            return names, await file.read()

    assert sftp(tool(name, "sftp"), read) == ({"outbox", "kitchens"}, name)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../production", "/outbox/../../../etc/passwd", "../production"]
)
def test_sftp_login_cannot_leave_its_directory(path, tool):
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        sftp(tool("development", "sftp"), lambda client: client.stat(path))


def test_sftp_login_cannot_make_a_link(tool):
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        sftp(tool("development", "sftp"), lambda client: client.symlink("../production", "link"))


def test_sftp_password_of_the_other_environment_is_refused(tool):
    password = tool("production", "sftp")["password"]
    with pytest.raises(asyncssh.PermissionDenied):
        sftp(tool("development", "sftp"), lambda client: client.listdir("/"), password=password)


def test_sftp_login_has_no_shell(tool):
    fields = tool("development", "sftp")

    async def run():
        async with asyncssh.connect(
            fields["host"],
            int(fields["port"]),
            username=fields["login"],
            password=fields["password"],
            known_hosts=None,
            config=None,
            client_keys=None,
        ) as connection:
            await connection.run("id", check=True)

    with pytest.raises(asyncssh.Error):
        asyncio.run(run())


def test_environments_file_declares_both_environments(addresses):
    projects = load_environments(addresses.environments_file)
    production = projects.environment("production")
    assert production.protected
    assert production.base_kitchen.name == "demo_production"
    assert production.base_kitchen.branch == "main"
    assert production.tool("s3").bucket == "acme-production"
    development = projects.environment("development")
    assert not development.protected
    assert development.base_kitchen.branch == "demo_dev"
    assert development.vault.mount == "development"
    assert development.vault.database_mount == "development-database"


def test_kitchens_of_development_have_logins_of_their_own(addresses):
    projects = load_environments(addresses.environments_file)
    assert projects.environment("development").tool("redshift").dynamic
    # A protected environment has its base kitchen alone.
    assert not projects.environment("production").tool("redshift").dynamic


@pytest.mark.parametrize("tool", ["redshift", "s3", "sftp", "vault"])
@BOTH_WAYS
def test_what_makes_kitchens_has_a_login_for_each_tool(name, tool, vault):
    fields = vault(name).secrets.kv.v2.read_secret_version(
        path=f"provision/{tool}", mount_point=name, raise_on_deleted_version=True
    )["data"]["data"]
    assert fields["login"]
    assert fields["password"]


@BOTH_WAYS
@pytest.mark.parametrize("login", ["provision", "vault"])
def test_no_login_that_makes_roles_is_a_superuser_or_owns_a_database(name, login, embedded_stack):
    place = embedded_stack.addresses
    with psycopg.connect(
        host=place.postgres_host,
        port=place.postgres_port,
        dbname=place.environments[name].warehouse_database,
        user=f"{login}_{name}",
        password=embedded_stack.home.secret(f"postgres_{login}_{name}"),
    ) as connection:
        rights = (
            "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication,"
            " exists (select from pg_database where datdba = pg_roles.oid)"
            " from pg_roles where rolname = current_user"
        )
        assert connection.execute(rights).fetchone() == (False, False, True, False, False, False)


def test_files_with_secrets_are_ours_alone(embedded_stack):
    home = embedded_stack.home
    for path in (*home.secrets.iterdir(), embedded_stack.addresses.environments_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_no_secret_is_in_a_log_or_on_a_command_line(embedded_stack):
    home = embedded_stack.home
    keys = [place.s3_key.secret_key for place in embedded_stack.addresses.environments.values()]
    hidden = {path.name: path.read_text() for path in home.secrets.iterdir()} | {
        f"key {number}": key for number, key in enumerate(keys)
    }
    # The role id and the setup are no secrets; the setup's path may be seen.
    hidden = {name: text for name, text in hidden.items() if "role_id" not in name}
    seen = [path.read_text(errors="replace") for path in home.logs.iterdir()]
    for process in os.scandir("/proc"):
        if process.name.isdecimal():
            try:
                with open(f"{process.path}/cmdline", errors="replace") as command:  # noqa: PTH123
                    seen.append(command.read())
            except OSError:
                continue
    found = [name for name, secret in hidden.items() for text in seen if secret in text]
    assert found == []


def test_addresses_show_no_password(embedded_stack):
    addresses = embedded_stack.addresses
    shown = repr(addresses)
    for place in addresses.environments.values():
        assert place.warehouse_password not in shown
        assert place.sftp_password not in shown
        assert place.s3_key.secret_key not in shown


def test_partner_delivers_everything_to_production_and_a_sample_to_development(
    embedded_stack, tool
):
    embedded_stack.deliver([date(2017, 1, 9)])

    async def look(client):
        week = "/outbox/2017-01-09"
        async with client.open(f"{week}/transactions.csv") as file:
            lines = (await file.read()).count("\n")
        return lines, await client.exists("/outbox/README.txt")

    assert sftp(tool("production", "sftp"), look) == (31_284, False)  # 31,283 and the header
    lines, is_labelled = sftp(tool("development", "sftp"), look)
    assert is_labelled
    assert 500 < lines < 3000
