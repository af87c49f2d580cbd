"""Alerts to a webhook (`MEDRWR_WEBHOOK`, any that takes {"text": ...}); without one they stay in Dagster's log."""

# No `from __future__ import annotations`: Dagster reads the annotations of sensor functions as objects.

import logging
from urllib.parse import urlsplit

import dagster as dg
import requests

from dagster_project.automation import sensor_status
from medrwr.errors import ConfigError

ATTEMPTS = 3
TIMEOUT_S = 5.0
LONGEST = 2000


class Alerts(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where people are told; '' for nowhere but the log."""

    webhook: str = ""

    def send(self, text: str, log: logging.Logger) -> bool:
        """Post `text`; False when nobody took it, which is logged and stops nothing.

        Raises:
            ConfigError: the address is not http or https.
        """
        log.warning(text)
        if not self.webhook:
            return False
        if urlsplit(self.webhook).scheme not in ("http", "https"):
            raise ConfigError(f"MEDRWR_WEBHOOK = {self.webhook!r}, expected an address that starts with https://")
        trouble: requests.RequestException | None = None
        for _ in range(ATTEMPTS):
            try:
                answer = requests.post(self.webhook, json={"text": text[:LONGEST]}, timeout=TIMEOUT_S)
                answer.raise_for_status()
            except requests.RequestException as error:
                trouble = error
            else:
                return True
        log.error("the alert could not be sent to %s: %s", urlsplit(self.webhook).netloc, trouble)
        return False


def build_failure_sensor(*, automatic: bool) -> dg.SensorDefinition:
    """Tells about every run that failed: which step, and the last line of the stage."""

    @dg.run_failure_sensor(name="run_failed", default_status=sensor_status(automatic=automatic))
    def tell(context: dg.RunFailureSensorContext, alerts: Alerts) -> None:
        alerts.send(failure_text(context), context.log)

    return tell


def failure_text(context: dg.RunFailureSensorContext) -> str:
    """One line a failed step."""
    run = context.dagster_run
    lines = [f"{run.job_name} failed (run {run.run_id[:8]})"]
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        known = data.user_failure_data.description if data.user_failure_data else None
        lines.append(f"{event.step_key}: {known or (data.error.message if data.error else 'no reason given')}")
    return "\n".join(lines)
