# The application, built from the sources; the same image serves pages and works jobs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/busops \
 && /opt/busops/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && /opt/busops/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/busops /opt/busops
RUN useradd --system --create-home --home-dir /var/lib/busops busops
USER busops
WORKDIR /var/lib/busops
ENV PATH=/opt/busops/bin:$PATH \
    BUSOPS_INSTANCE=/var/lib/busops/instance \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/lib/busops/machine-code \
    NUMBA_CPU_NAME=generic
RUN python -m busops.planner.warm
VOLUME /var/lib/busops/instance
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"
CMD ["busops", "serve"]
