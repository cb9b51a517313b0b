"""The check before anything is published: an issue with errors stays here, unless somebody insists."""

from __future__ import annotations

from publisher.archive.records import Edition, Record
from publisher.archive.sources import look
from publisher.errors import IssueError
from publisher.pipeline.run import Run

_NEIGHBOURS = 20
"""So many issues before this one are compared with it; `publish check` compares with all."""

_LISTED = 3


def must_be_sound(run: Run, issue: Record, current: Edition, seen: int) -> None:
    """Check the issue to publish beside the last ones, looked up at `seen` (nanoseconds).

    Raises IssueError when it has errors. With `force` they are told by a warning, and the ledger knows that
    somebody insisted: the same text is not stopped again.
    """
    errors = _errors(run, issue, current, seen)
    if not errors:
        return
    more = ", …" if len(errors) > _LISTED else ""
    counted = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    said = f"{issue.path} has {counted}: {', '.join(errors[:_LISTED])}{more}"
    if run.request.force:
        if run.is_noted:
            run.ledger.insist(issue.id, issue.sha256, ", ".join(errors), run.now)
        run.warn(f"{said}; published all the same (--force)")
    elif not (run.has_ledger and run.ledger.insisted(issue.id, issue.sha256)):
        raise IssueError(said, f"look: publish check {issue.path} · go on all the same: --force")


def _errors(run: Run, issue: Record, current: Edition, seen: int) -> list[str]:
    from publisher.checks.codes import Severity
    from publisher.pipeline.checking import Inspector, Memory, check_files

    before = [record.path for record in current.issues if record.date < issue.date][:_NEIGHBOURS]
    found = look(run.config.root, [issue.path, *before])
    inspector = Inspector(run.config.root, run.config, measures=False)
    memory = Memory(None if run.request.dry_run else run.home, "sound.json")
    (checked,) = check_files(inspector, memory, found, [issue.path], seen)
    return [
        f"{problem.pos.line}:{problem.pos.column} {problem.code}"
        for problem in checked.problems
        if problem.severity is Severity.ERROR
    ]
