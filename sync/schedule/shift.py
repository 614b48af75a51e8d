"""What the scheduler does for as long as it leads: nights, looks for new files, requests, alarms."""

import random
import socket
import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from access_service.due import is_open, is_owed, next_due
from access_service.errors import ConfigError, OperatorError, StorageError
from access_service.logs import log
from access_service.settings import District
from access_service.storage import requests, runs
from access_service.storage.engine import Databases, database_errors
from access_service.storage.runs import GOOD_NIGHTS
from sync.alarms import Alarm, AlarmCode, alarms
from sync.console import Installation
from sync.schedule.wishes import Wishes
from sync.schedule.work import age, count, tell, work
from sync.sftp import LoginRefusedError, credentials, new_file

AT_ONCE = 4  # nights of different districts
REREAD, WATCH, AGAIN = 30, 600, 60  # seconds
BY_ITSELF = f"{socket.gethostname()} by schedule"


class Nights(BaseTrigger):  # type: ignore[misc]
    """The due times of a district, each with its jitter; APScheduler's own cron would run twice in a doubled hour."""

    def __init__(self, district: District) -> None:
        self.district = district

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        due = next_due(self.district, (previous_fire_time or now).astimezone(UTC))
        jitter = self.district.schedule.jitter_seconds if self.district.schedule else 0
        return due + timedelta(seconds=random.uniform(0, jitter)) if due else None  # noqa: S311


class Shift:
    """From `start` to `end`; `beat` is called every few seconds between."""

    def __init__(self, installation: Installation, databases: Databases) -> None:
        self._installation, self._databases = installation, databases
        self._settings = installation.settings()
        self._complaint = ""
        self._reread_at = time.monotonic() + REREAD
        self._ending = threading.Event()
        # Districts under way, those whose login was refused since their last night, and until when others wait.
        self._under_way: set[str] = set()
        self._resting: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._aged: dict[str, date] = {}
        self._told: set[tuple[str, AlarmCode, date]] = set()
        self._wishes = Wishes(installation, databases)
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        executors = {"default": ThreadPoolExecutor(AT_ONCE)}
        self._clock = BackgroundScheduler(timezone=UTC, executors=executors, job_defaults=defaults)

    def start(self) -> None:
        self._clock.start()
        self._plan()

    def end(self) -> None:
        """Start nothing any more, and wait for what is under way."""
        self._ending.set()
        self._clock.shutdown()
        self._wishes.end()

    def beat(self) -> None:
        """Read the configuration again now and then, and start what somebody asked for."""
        if time.monotonic() >= self._reread_at:
            self._reread_at = time.monotonic() + REREAD
            self._reread()
        with self._databases.reader.connect() as connection:
            waiting = requests.waiting(connection)
            self._wishes.beat(connection)
        for code, asked_by in waiting.items():
            if code not in self._under_way and self._not_before.get(code, 0) <= time.monotonic():
                self._under_way.add(code)
                started_by = f"{asked_by[0]} by request"
                self._add(self._night, DateTrigger(), f"{code} asked", code, started_by)

    def _reread(self) -> None:
        try:
            found = self._installation.settings()
        except ConfigError as error:
            if str(error) != self._complaint:
                log.error("configuration not read", error=str(error))
            self._complaint = str(error)
            return
        self._complaint = ""
        if found != self._settings:
            self._settings = found
            self._plan()

    def _plan(self) -> None:
        now = datetime.now(UTC)
        self._clock.remove_all_jobs()
        self._add(self._watch, IntervalTrigger(seconds=WATCH), "watch")
        with self._databases.reader.connect() as connection:
            last = {code: runs.last_started(connection, code) for code in self._settings.districts}
        for code, district in self._settings.districts.items():
            if district.schedule:
                owed = is_owed(district, last[code], now)
                # Once, however many were missed; APScheduler counts on from there.
                first = {"next_run_time": now} if owed else {}
                self._add(self._night, Nights(district), f"{code} night", code, BY_ITSELF, **first)
                if minutes := district.schedule.poll_minutes:
                    self._add(self._poll, IntervalTrigger(seconds=60 * minutes), f"{code} poll", code)
                log.info("scheduled", district=code, next=str(next_due(district, now)), catches_up=owed)

    def _add(self, function: Any, trigger: BaseTrigger, name: str, *arguments: str, **options: Any) -> None:
        self._clock.add_job(function, trigger, arguments, id=name, replace_existing=True, **options)

    def _night(self, code: str, started_by: str) -> None:
        if self._ending.is_set():
            return
        self._under_way.add(code)
        try:
            if not work(self._installation, code, started_by):
                self._not_before[code] = time.monotonic() + AGAIN
        finally:
            self._under_way.discard(code)
            self._resting.discard(code)

    def _poll(self, code: str) -> None:
        """Look whether there is another file than that of the last run, and run where there is."""
        try:
            if self._may_look(code) and self._has_new_file(code):
                self._night(code, BY_ITSELF)
        except LoginRefusedError as error:
            # Asked every few minutes, a wrong password would lock the account.
            self._resting.add(code)
            log.error("no poll until the next night", district=code, error=str(error))
        except OperatorError as error:
            log.warning("poll failed", district=code, error=str(error))

    def _may_look(self, code: str) -> bool:
        district = self._settings.district(code)
        now = datetime.now(district.zone)
        schedule, idle = district.schedule, code not in self._under_way | self._resting
        return bool(idle and schedule and schedule.polls_at(now.time()) and is_open(district, now.date()))

    def _has_new_file(self, code: str) -> bool:
        with database_errors(), self._databases.reader.connect() as connection:
            known = runs.last_file(connection, code)
        return new_file(self._settings.district(code).feed, credentials(code), known)

    def _watch(self) -> None:
        """Each alarm once a day, and people of what nobody has told them yet: a night that never came. Once a day, too,
        let go of what is too old."""
        now = datetime.now(UTC)
        for code, district in self._settings.districts.items():
            try:
                found = self._alarms(district, now) if district.schedule else []
            except StorageError as error:
                log.error("alarms not checked", district=code, error=str(error))
                return
            for alarm in found:
                once = (code, alarm.code, now.astimezone(district.zone).date())
                if once not in self._told:
                    self._told.add(once)
                    log.error("alarm", district=code, code=alarm.code.value, text=alarm.text)
            tell(self._settings, self._databases, code)
            today = now.astimezone(district.zone).date()
            if today != self._aged.get(code) and _is_quiet(district, now):
                self._aged[code] = today
                age(self._installation, code)
                if district.schedule:
                    count(self._databases, district)

    def _alarms(self, district: District, now: datetime) -> list[Alarm]:
        with database_errors(), self._databases.reader.connect() as connection:
            last_good = runs.latest(connection, district.code, GOOD_NIGHTS)
            return alarms(district, last_good, runs.state(connection, district.code), now)


def _is_quiet(district: District, now: datetime) -> bool:
    """Whether no night of the district is about to start: it would find somebody at work, and not be started."""
    due = next_due(district, now - timedelta(hours=1))
    return due is None or due > now + timedelta(minutes=5)
