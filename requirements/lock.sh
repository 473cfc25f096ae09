#!/bin/sh
# Makes requirements/run.txt and dev.txt again: every version and hash, and no host or path in them.
# Needs uv. Indexes of this machine are left out, so that every hash is the public index' own.
set -eu
cd "$(dirname "$0")/.."
UV=$(command -v uv || echo .venv/bin/uv)
for name in run dev; do
  extras=--extra=postgres
  if [ "$name" = dev ]; then extras="--extra=postgres --extra=dev"; fi
  # shellcheck disable=SC2086
  "$UV" pip compile pyproject.toml $extras --no-config --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade \
    --output-file "requirements/$name.txt"
done
