"""Files of an SFTP server, through Airflow's hook: a kitchen's folder, and what tasks exchange."""

from airflow_dataops.adapters.file_server.files import SftpFiles
from airflow_dataops.adapters.file_server.folder import FolderPlace, KitchenFolder

__all__ = ["FolderPlace", "KitchenFolder", "SftpFiles"]
