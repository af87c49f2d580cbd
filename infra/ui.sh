#!/usr/bin/env bash
# Dagster (web page and daemon), MLflow and the champion on loopback. Without logins: never bind them elsewhere.
set -euo pipefail
host=127.0.0.1
dagster_port=${DAGSTER_PORT:-3000}
mlflow_port=${MLFLOW_PORT:-5000}
docs_port=${DOCS_PORT:-3001}
serve_port=${SERVE_PORT:-8008}

mkdir -p "$DAGSTER_HOME"
cp infra/dagster.yaml "$DAGSTER_HOME/dagster.yaml"

pids=()
stop() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  for _ in {1..100}; do # Dagster ignores SIGTERM where it was started with SIGINT ignored, as by nohup
    jobs -r | grep -q . || break
    sleep 0.1
  done
  for pid in "${pids[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
  wait
}
trap stop EXIT INT TERM

# Links in Dagster open in a browser: runs at the MLflow server, checks at the data docs.
mlflow_store=${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}
export MLFLOW_TRACKING_URI=http://$host:$mlflow_port
export MEDRWR_DOCS_URL=http://$host:$docs_port
mkdir -p work/data_docs work/serving reports
ln -sfn ../../reports work/data_docs/reports # the pages that assets link to

set -m # each server is a process group of its own, so that `stop` ends all of it
mlflow server --host "$host" --port "$mlflow_port" --backend-store-uri "$mlflow_store" &
pids+=($!)
python -m http.server "$docs_port" --bind "$host" --directory work/data_docs >/dev/null 2>&1 &
pids+=($!)
dagster dev --module-name dagster_project.definitions --host "$host" --port "$dagster_port" &
pids+=($!)
# The champion answers as soon as there is one; the log says what it waits for.
(until medrwr serve --host "$host" --port "$serve_port"; do sleep 10; done) >work/serving/server.log 2>&1 &
pids+=($!)
set +m

echo "Dagster  http://$host:$dagster_port"
echo "MLflow   http://$host:$mlflow_port"
echo "Checks   http://$host:$docs_port"
echo "Ask      http://$host:$serve_port  (once a model is registered; log: work/serving/server.log)"
echo "Ctrl-C ends all of them."
wait -n
