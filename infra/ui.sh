#!/usr/bin/env bash
# Dagster (web page and daemon) and MLflow on loopback. Neither has a login: never bind them to another address.
set -euo pipefail
host=127.0.0.1
dagster_port=${DAGSTER_PORT:-3000}
mlflow_port=${MLFLOW_PORT:-5000}

mkdir -p "$DAGSTER_HOME"
cp infra/dagster.yaml "$DAGSTER_HOME/dagster.yaml"

pids=()
stop() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  wait
}
trap stop EXIT INT TERM

set -m # each server is a process group of its own, so that `stop` ends all of it
mlflow server --host "$host" --port "$mlflow_port" --backend-store-uri "${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" &
pids+=($!)
dagster dev --module-name dagster_project.definitions --host "$host" --port "$dagster_port" &
pids+=($!)
set +m

echo "Dagster  http://$host:$dagster_port"
echo "MLflow   http://$host:$mlflow_port"
echo "Ctrl-C ends both."
wait -n
