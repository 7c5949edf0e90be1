"""The project's git repository, through GitPython and the git command.

Two views of it: ``GitRepository`` cuts, changes and deletes branches in the repository that people
push to; ``Mirror`` is a bare copy on this host, from which an environment's bundle reads trees and
through which it publishes manifests.
"""

from airflow_dataops.adapters.git_repository.branches import GitRepository
from airflow_dataops.adapters.git_repository.mirror import Mirror
from airflow_dataops.adapters.git_repository.remote import RepositoryLogin

__all__ = ["GitRepository", "Mirror", "RepositoryLogin"]
