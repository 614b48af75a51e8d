"""Prometheus counts, exact over all workers. Labels come from fixed sets: nobody and no client can be told apart.

Several workers share the folder PROMETHEUS_MULTIPROC_DIR; it must be set before prometheus_client is imported
(web/server.py sets it), because that library chooses at import where its numbers live.
"""

import os
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from access_service.domain.access import Answer
from access_service.domain.traffic import Alarm
from access_service.relay import Outcome

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counts of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "access_requests",
            "Requests answered: what each was told, where a number was asked for.",
            ["dialect", "status", "standing", "pin"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "access_request_seconds", "Time to respond.", ["route"], buckets=BUCKETS, registry=self._registry
        )
        self._relayed = Counter(
            "access_relay_questions",
            "Questions to the ILS: whether it answered.",
            ["outcome"],
            registry=self._registry,
        )

    def relayed(self, outcome: Outcome) -> None:
        self._relayed.labels(outcome).inc()

    def count(self, dialect: str, status: int | str, answer: Answer | None) -> None:
        told = (answer.told_standing, answer.pin) if answer else ("none", "none")
        self._requests.labels(dialect, status, *told).inc()

    def time(self, route: str, seconds: float) -> None:
        self._seconds.labels(route).observe(seconds)

    def text(self, roster_ages: Mapping[str, float], alarms: Mapping[Alarm, int]) -> bytes:
        """Everything in Prometheus' text format. `roster_ages`: seconds since a roster was accepted, by district;
        `alarms`: clients that have one of guessing today."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        ages = CollectorRegistry()
        ages.register(_RosterAges(roster_ages))
        ages.register(_Guessing(alarms))
        return generate_latest(registry) + generate_latest(ages)


class _Guessing(Collector):
    """From the database at each scrape, too: any process can have raised an alarm."""

    def __init__(self, clients: Mapping[Alarm, int]) -> None:
        self._clients = clients

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("access_guessing", "Clients with this alarm of guessing today.", labels=["alarm"])
        for alarm in Alarm:
            family.add_metric([alarm.value], self._clients.get(alarm, 0))
        yield family


class _RosterAges(Collector):
    """Read from the database at each scrape, so no worker's own number can be old."""

    def __init__(self, ages: Mapping[str, float]) -> None:
        self._ages = ages

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "access_roster_age_seconds", "Since a roster was last accepted.", labels=["district"]
        )
        for district, age in sorted(self._ages.items()):
            family.add_metric([district], age)
        yield family
