"""One measured figure against its goal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`value` is a ratio. `at_most` says on which side of `goal` it should be; a goal of None is only reported."""

    name: str
    value: float
    goal: float | None
    at_most: bool
    seen: str

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "value": round(self.value, 3), "goal": self.goal, "met": self.met, "seen": self.seen}

    def as_text(self) -> str:
        goal = "" if self.goal is None else f" (goal {'<=' if self.at_most else '>='} {self.goal:g})"
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{self.name:<62} {self.value:7.2f}{goal:<16} {verdict:<7} {self.seen}"
