"""OpenBao and HashiCorp Vault."""

from airflow_dataops.adapters.vault.hashicorp import AppRoleLogin, HashicorpVault

__all__ = ["AppRoleLogin", "HashicorpVault"]
