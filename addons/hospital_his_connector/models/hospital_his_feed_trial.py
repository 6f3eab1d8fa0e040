from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from odoo import SUPERUSER_ID, api, models

from ..exchange import batch as batching
from ..exchange import parent
from ..exchange.problems import ReadingFailed
from ..loading import trial

# A person waits in front of the screen.
PATIENCE = 60


class HospitalHisFeed(models.Model):
    """A dry run: the true reading, mapping and writing, in a transaction that is rolled back."""

    _inherit = "hospital.his.feed"

    def action_dry_run(self):
        """Ask how many rows, then show what would become of them."""
        self.ensure_one()
        return self.env["hospital.his.dry.run"]._begin(self)

    def _dry_run(self, limit, from_start=False):
        """Read up to ``limit`` rows as the next run would, or from the first row on.

        Return the frame of the batch and what would become of its rows, in words; raises ReadingFailed.
        """
        self.ensure_one()
        job = self._job() | {"batch": min(limit, batching.ROWS)}
        if from_start:
            job["since"] = {}
        columns = None
        with parent.Session() as session, session.reading(job, self.source_id._short_limits(PATIENCE)) as frames:
            for head, blobs in frames:
                if head["type"] == "columns":
                    columns = head
                elif head["type"] == "batch":
                    return head, self._try(columns, blobs)
        return {"read": 0, "repeated": 0, "rejected": [], "unmapped": []}, []

    def _try(self, columns, blobs):
        # A cursor of its own: with it go the messages, notifications and cached values that the writing left behind.
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, dict(self.env.context))
            feed = self.with_env(env)
            try:
                with feed._locked() as locked:
                    if not locked:
                        raise ReadingFailed("busy")
                    return feed._retrying(lambda: feed._tried(columns, blobs))
            except ReadingFailed:
                raise
            except Exception as error:
                raise ReadingFailed("internal", **feed._recover(error)) from None
            finally:
                env.invalidate_all(flush=False)
                cr.rollback()
                self.env.registry.reset_changes()

    def _tried(self, columns, blobs):
        if not blobs["copy"]:
            return []
        loader = self._loader(columns["staged"], columns["columns"])
        outcomes = trial.run(loader, blobs["copy"], lambda: self._apply(loader, blobs["copy"], blobs["raw"]))
        return [
            (outcome.key, outcome.kind, self._sentence_of(outcome), text)
            for outcome, text in zip(outcomes, self._in_words(outcomes), strict=True)
        ]

    def _sentence_of(self, outcome):
        return self.source_id._sentence(outcome.code, outcome.arguments)

    def _in_words(self, outcomes):
        """For each outcome a line per changed value: label, old, new."""
        model = self.env[self.model]
        known = {
            name: field
            for name, field in model._fields.items()
            if field.store and not (field.compute and field.readonly) or name == "phone_line_ids"
        }
        labels = {name: field.get_description(self.env, ["string"])["string"] for name, field in known.items()}
        read = _Reader(self.env, self.source_id.tz, known, outcomes)
        for outcome in outcomes:
            lines = []
            for name, (old, new) in outcome.changes.items():
                if name not in known or not (old or new):
                    continue
                value = read(name, new) or self.env._("(empty)")
                if outcome.kind == "changed":
                    value = f"{read(name, old) or self.env._('(empty)')} → {value}"
                lines.append(self.env._("%(label)s: %(value)s", label=labels[name], value=value))
            yield "\n".join(lines)


class _Reader:
    """Values of to_jsonb as a person reads them; names of records are fetched once for all."""

    def __init__(self, env, zone, known, outcomes):
        self.env, self.zone, self.known = env, ZoneInfo(zone), known
        self.choices = {
            name: dict(field._description_selection(env)) for name, field in known.items() if field.type == "selection"
        }
        ids = {}
        for outcome in outcomes:
            for name, pair in outcome.changes.items():
                if name in known and known[name].type == "many2one":
                    ids.setdefault(known[name].comodel_name, set()).update(value for value in pair if value)
        self.names = {
            model: {record.id: record.display_name for record in env[model].browse(found).exists()}
            for model, found in ids.items()
        }

    def __call__(self, name, value):
        field = self.known[name]
        if value is None:
            return ""
        if field.type == "many2one":
            return self.names[field.comodel_name].get(value, str(value))
        if field.type == "selection":
            return self.choices[name].get(value, value)
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if field.type == "datetime":
            moment = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(self.zone)
            return moment.strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, dict):  # a translated text
            return value.get(self.env.lang) or value.get("en_US") or ""
        return str(value)
