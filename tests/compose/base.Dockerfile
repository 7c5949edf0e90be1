# What the Dockerfile expects of the public Airflow image: Airflow, its user, its home, pip.
FROM dataops-debian
RUN useradd --create-home --uid 50000 --gid 0 airflow && mkdir --mode=775 /opt/airflow /opt/airflow/logs /opt/airflow/dags \
    && chown --recursive airflow:root /opt/airflow
USER airflow
ENV AIRFLOW_HOME=/opt/airflow PATH=/home/airflow/.local/bin:/usr/local/bin:/usr/bin:/bin
# Whom this machine trusts, these packages' servers trust as well.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
COPY constraints.txt /tmp/constraints.txt
RUN /opt/python/bin/python3 -m venv /home/airflow/.local \
    && pip install --no-cache-dir --constraint /tmp/constraints.txt uv \
    && uv pip install --no-cache --python /home/airflow/.local/bin/python --constraint /tmp/constraints.txt \
       apache-airflow apache-airflow-providers-celery
WORKDIR /opt/airflow
