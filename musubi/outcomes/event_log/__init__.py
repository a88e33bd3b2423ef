"""The municipality's journal as an object-centric event log (OCEL 2.0, https://www.ocel-standard.org): what process
mining tools read. No person is in it, and no text that somebody wrote (docs/figures.md says what is)."""

from musubi.outcomes.event_log.writing import event_log

__all__ = ["event_log"]
