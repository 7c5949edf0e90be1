"""An environments file that says all there is to say; tests change a line of it."""

TWO_ENVIRONMENTS = """\
projects:
  retail:
    repository: git@git.example.com:acme/pipelines.git
    environments:
      production:
        protected: true
        owner: eric
        vault: {kind: hashicorp, url: "https://vault.example.com", mount: production, database_mount: production-database, role_id_env: PRODUCTION_ROLE_ID, secret_id_file: /run/secrets/production, timeout_seconds: 5}
        base_kitchen: {name: demo_production, branch: main}
        schedules_enabled_by: [eric, "role:production-engineers"]
        queue: production
        provision_queue: production-provision
        tools:
          redshift: {schema_per_kitchen: true, dynamic: true}
          s3: {bucket: acme-production}
          sftp: {folder: /kitchens}
        alerts: {slack_channel: "#production"}
      development:
        vault:
          kind: hashicorp
          url: https://vault.example.com
          mount: development
          role_id_env: DEVELOPMENT_ROLE_ID
          secret_id_env: DEVELOPMENT_SECRET_ID
        base_kitchen: {name: demo_dev, branch: dev}
        tools:
          s3: {bucket: acme-development}
"""  # noqa: E501 - the example of the documentation
