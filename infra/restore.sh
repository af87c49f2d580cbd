#!/usr/bin/env bash
# Usage: infra/restore.sh FOLDER: what infra/backup.sh wrote, into the databases that the same variables name. Stop the
# servers first. A damaged backup is refused before anything is changed; a database is restored as a whole or not at all.
set -euo pipefail
from=${1:?usage: infra/restore.sh FOLDER}
(cd "$from" && sha256sum --check --quiet SHA256SUMS)
for file in "$from"/*.dump; do
  [ -e "$file" ] || continue
  case $(basename "$file" .dump) in
    mlflow) address=${MLFLOW_BACKEND_STORE_URI:?} ;;
    mlflow_auth) address=${MLFLOW_AUTH_DATABASE_URI:?} ;;
    dagster) address=${DAGSTER_POSTGRES_URL:?} ;;
  esac
  pg_restore --clean --if-exists --no-owner --single-transaction --dbname="${address/+psycopg2/}" "$file"
done
[ ! -f "$from/registry.tar" ] || tar -xf "$from/registry.tar"
echo "restored from $from"
