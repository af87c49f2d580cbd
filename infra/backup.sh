#!/usr/bin/env bash
# Usage: infra/backup.sh FOLDER: both databases named by MLFLOW_BACKEND_STORE_URI and DAGSTER_POSTGRES_URL (where set) and
# the artefacts that versions refer to (models/registry), with digests. S3 buckets: turn on versioning there.
set -euo pipefail
to=${1:?usage: infra/backup.sh FOLDER}
mkdir -p "$to"
if [ -n "$(ls -A "$to")" ]; then echo "$to is not empty: name a new folder" >&2; exit 1; fi
dump() { [ -z "$2" ] || pg_dump --format=custom --no-owner --dbname="${2/+psycopg2/}" --file="$to/$1.dump"; }
dump mlflow "${MLFLOW_BACKEND_STORE_URI:-}"
dump mlflow_auth "${MLFLOW_AUTH_DATABASE_URI:-}"
dump dagster "${DAGSTER_POSTGRES_URL:-}"
[ ! -d models/registry ] || tar -cf "$to/registry.tar" models/registry
[ -n "$(ls -A "$to")" ] || { echo "nothing to back up: set MLFLOW_BACKEND_STORE_URI, or go to the workspace" >&2; exit 1; }
(cd "$to" && sha256sum -- *.* >SHA256SUMS)
echo "backed up to $to"
