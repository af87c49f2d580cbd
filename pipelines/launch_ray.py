"""A training stage on the nodes of a Ray cluster: one task a node starts torch's launcher there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medrwr.errors import EngineError
from pipelines.launch_plan import PORT, LaunchPlan
from pipelines.ray_cluster import ray_cluster

_PATIENCE_S = 120


def launch_on_ray(plan: LaunchPlan, *, root: Path, module: Sequence[str] = ()) -> int:
    """Run the stage on `plan.nodes` nodes that see the workspace under the same path; the worst exit code.

    Raises:
        EngineError: Ray is not installed or has too few nodes, or a node was lost.
    """
    with ray_cluster(0, setting=f"{plan.stage}.launcher"):
        import ray
        from ray.exceptions import RayError
        from ray.util.placement_group import placement_group, remove_placement_group

        bundle = {"CPU": 1.0, **({"GPU": float(plan.processes)} if plan.accelerators else {})}
        group = placement_group([bundle] * plan.nodes, strategy="STRICT_SPREAD")
        try:
            if not group.wait(_PATIENCE_S):
                raise EngineError(
                    f"{plan.stage}.nodes is {plan.nodes} with {bundle} each; the Ray cluster has {_nodes()} nodes: add "
                    "nodes, or ask for fewer"
                )
            address = ray.get(_task(group, 0, bundle, _address).remote())
            commands = [plan.on_node(rendezvous=f"{address}:{PORT}", module=module)] * plan.nodes
            where = str(root.absolute())
            running = [_task(group, n, bundle, _run).remote(command, where) for n, command in enumerate(commands)]
            codes: list[int] = ray.get(running)
            return max(codes)
        except RayError as error:
            raise EngineError(
                f"a node of the Ray cluster was lost in {plan.stage} ({str(error).splitlines()[0]}): run it again, it "
                "goes on from its last checkpoint"
            ) from None
        finally:
            remove_placement_group(group)


def _task(group: Any, number: int, bundle: dict[str, float], function: Any) -> Any:
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=number)
    options = {"num_cpus": bundle["CPU"], "num_gpus": bundle.get("GPU", 0), "max_retries": 0}
    remote: Any = ray.remote  # typed for a function alone, without options
    return remote(**options, scheduling_strategy=place)(function)


def _address() -> str:
    import ray

    return str(ray.util.get_node_ip_address())


def _run(command: list[str], root: str) -> int:
    return abs(subprocess.run(command, cwd=root, check=False).returncode)


def _nodes() -> int:
    import ray

    return sum(bool(node["Alive"]) for node in ray.nodes())
