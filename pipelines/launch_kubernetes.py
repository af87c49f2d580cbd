"""A training stage as a Kubernetes Job: one pod a node, found by the others under the first one's name."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from medrwr.errors import EngineError
from pipelines.launch_plan import PORT, LaunchPlan

NAMESPACE = "medrwr"
_POLL_S = 10.0
_LOST_POLLS = 30  # five minutes without the cluster's answer


def manifest_of(plan: LaunchPlan) -> dict[str, Any]:
    """A headless Service and an indexed Job; the image, the volume and the secret are those of infra/kubernetes."""
    name = job_name(plan)
    labels = {"app": name}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels, "ports": [{"port": PORT}]},
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "completions": plan.nodes,
            "parallelism": plan.nodes,
            "completionMode": "Indexed",
            "backoffLimit": 3,
            "template": {"metadata": {"labels": labels}, "spec": _pod(plan, name)},
        },
    }
    return {"apiVersion": "v1", "kind": "List", "items": [service, job]}


def job_name(plan: LaunchPlan) -> str:
    """Of the Job and of its Service; a new launch takes the place of the last."""
    return f"medrwr-{plan.stage.replace('_', '-')}"


def launch_on_kubernetes(plan: LaunchPlan, *, root: Path) -> int:
    """Write the manifest to work/<stage>, apply it, wait for the Job; 0 when it succeeded.

    Raises:
        EngineError: kubectl is missing, refuses the manifest, or no longer reaches the cluster.
    """
    path = root / "work" / plan.stage / "job.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest_of(plan), indent=2) + "\n", encoding="utf-8")
    if shutil.which("kubectl") is None:
        raise EngineError(
            f"{plan.stage}.launcher is 'kubernetes', but kubectl is not on PATH: install it, or apply {path} by hand"
        )
    name = job_name(plan)
    _kubectl("delete", "job", name, "-n", NAMESPACE, "--ignore-not-found", doing=f"remove the last job {name!r}")
    _kubectl("apply", "-f", str(path), doing=f"apply {path}")
    return _wait(name)


def _wait(name: str) -> int:
    lost = 0
    while True:
        try:
            said = _kubectl("get", "job", name, "-n", NAMESPACE, "-o", "json", doing=f"ask for job {name!r}")
        except EngineError:
            lost += 1
            if lost == _LOST_POLLS:
                raise
        else:
            lost = 0
            for condition in json.loads(said).get("status", {}).get("conditions", []):
                if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
                    return int(condition["type"] == "Failed")
        time.sleep(_POLL_S)


def _kubectl(*arguments: str, doing: str) -> str:
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(
            f"kubectl could not {doing}: {done.stderr.strip()[-500:]}: check `kubectl config current-context`, "
            "or set the stage's launcher to local"
        )
    return done.stdout


def _pod(plan: LaunchPlan, name: str) -> dict[str, Any]:
    gpus = {"nvidia.com/gpu": plan.processes} if plan.accelerators else {}
    command = plan.on_node(python="python", rendezvous=f"{name}-0.{name}:{PORT}")
    container = {
        "name": "train",
        "image": "medrwr:gpu" if plan.accelerators else "medrwr:cpu",
        "args": command,
        "envFrom": [{"secretRef": {"name": "medrwr"}}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "2", "memory": "8Gi", **gpus}, "limits": {"memory": "64Gi", **gpus}},
        "volumeMounts": [{"name": "workspace", "mountPath": "/workspace"}, {"name": "shm", "mountPath": "/dev/shm"}],
    }
    return {
        "subdomain": name,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001},
        "containers": [container],
        "volumes": [
            {"name": "workspace", "persistentVolumeClaim": {"claimName": "workspace"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}},
        ],
    }
