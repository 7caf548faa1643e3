# The command and Airflow with the project's DAGs, for docker-compose.yaml: locked versions, run by an
# unprivileged user.
FROM python:3.11-slim

RUN useradd --create-home --uid 50000 warehouse \
    && install --directory --owner warehouse /var/lib/airflow
WORKDIR /warehouse

# Dependencies first, because they rarely change.
COPY requirements/ requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt
COPY pyproject.toml ./
RUN uv pip install --system --no-cache -c requirements/all.txt -r pyproject.toml --extra airflow \
    && uv pip install --system --no-cache -c requirements/all.txt hatchling

COPY LICENSE README.md warehouse.yaml ./
COPY contracts/ contracts/
COPY migrations/ migrations/
COPY sql/ sql/
COPY production/ production/
COPY orchestration/ orchestration/
RUN uv pip install --system --no-cache --no-deps --no-build-isolation . \
    && chown warehouse /warehouse # for build/, the compiled SQL

ENV AIRFLOW_HOME=/var/lib/airflow FDWAREHOUSE_PROJECT=/warehouse PYTHONUNBUFFERED=1
USER warehouse
VOLUME /var/lib/airflow
EXPOSE 8080
# On a SIGTERM, airflow standalone would leave its processes to be killed.
STOPSIGNAL SIGINT
CMD ["airflow", "standalone"]
