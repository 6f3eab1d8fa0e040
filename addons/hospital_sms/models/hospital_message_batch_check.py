import hashlib
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.hospital_base.gate import admission

from ..batches import sheet
from .hospital_message_batch_recipients import CHUNK
from .hospital_message_queue import Draft, Terms

_logger = logging.getLogger(__name__)

# How many messages of an earlier check, or of a cancelled batch, are done away with in one transaction.
SWEEP = 5000


class HospitalMessageBatch(models.Model):
    """The check: receivers become messages that wait as drafts, or are excluded with their reason.

    Done by the service, a chunk a transaction. The chunk's messages and the place in the walk are committed together:
    whatever is killed, the next one goes on behind the last that is there.
    """

    _inherit = "hospital.message.batch"

    def _counts_of_check(self):
        return ("read_count", "message_count", "part_count", "excluded_count", "double_count", "bad_row_count")

    @api.model
    def _to_check(self):
        """Ids of batches with something to sweep or to check; short ones and those just begun come first."""
        todo = self.search(["|", ("state", "=", "checking"), ("stale", "=", True)], order="stale DESC, read_count, id")
        return todo.ids

    def _check(self):
        """One step. The batch's row is written last, so that a button waits for no chunk."""
        if self.state != "checking":
            return
        try:
            with self.env.cr.savepoint():
                if self.total:
                    self._check_chunk()
                else:
                    self._begin()
        except sheet.BadSheet as bad:
            self._give_up(self._as_author()._sentence(bad.code, bad.value))
        except (AccessError, UserError, ValueError, KeyError) as error:
            # A choice that its author may no longer make, a template that cannot be filled in.
            _logger.warning("Batch %s cannot be checked: %s", self.id, type(error).__name__)
            self._give_up(self._as_author().env._("The receivers or their texts could not be made: %s", error))

    def _give_up(self, problem):
        self.write({"state": "draft", "stale": True, "problem": problem})

    def _begin(self):
        total = self._load_list() if self.source == "list" else self._as_author()._count_recipients()
        self.write({"total": total or -1, "last_id": 0})

    def _check_chunk(self):
        author = self._as_author()
        recipients = author._recipients(self.last_id, CHUNK)
        if recipients:
            self._make_drafts(author, recipients)
        if len(recipients) < CHUNK:
            self.write({"state": "ready", "checked_at": fields.Datetime.now()})

    def _make_drafts(self, author, recipients):
        # The receivers are the author's to see; what is sent to them is read in full.
        filled = author.sudo()._fill(recipients)
        drafts = [
            Draft(
                text=one.text,
                number=recipient.number,
                patient_id=recipient.patient_id,
                values=one.values or None,
                key=self._key_of(recipient, one.text),
                origin=(recipient.record._name, recipient.record.id) if recipient.record else None,
                refused="no_value" if one.missing else None,
            )
            for recipient, one in zip(recipients, filled, strict=True)
        ]
        # Who wrote it is the sender; the gate and the queue look at all there is.
        ids = author.env["hospital.message"].sudo()._enqueue(drafts, self._terms())
        self.env.cr.execute(
            """SELECT count(*) FILTER (WHERE state = 'draft'), count(*) FILTER (WHERE state = 'excluded'),
                      COALESCE(sum(part_count) FILTER (WHERE state = 'draft'), 0)
                 FROM hospital_message WHERE id = ANY(%s)""",
            [[message_id for message_id in ids if message_id]],
        )
        waiting, excluded, parts = self.env.cr.fetchone()
        self.write(
            {
                "last_id": recipients[-1].id,
                "read_count": self.read_count + len(recipients),
                "message_count": self.message_count + waiting,
                "part_count": self.part_count + parts,
                "excluded_count": self.excluded_count + excluded,
                "double_count": self.double_count + ids.count(None),
            }
        )

    def _key_of(self, recipient, text):
        """The same text goes to a number once in a batch, however many records lead to it."""
        whom = recipient.number or f"{recipient.record._name},{recipient.record.id}"
        digest = hashlib.blake2b(f"{whom}\0{text}".encode(), digest_size=12).hexdigest()
        return f"batch-{self.id}-{digest}"

    def _terms(self):
        return Terms(
            purpose=self.purpose,
            priority=self.priority,
            at=self._quiet_until(self.plan_at or fields.Datetime.now()),
            template_id=self.template_id.id or None,
            department_id=self.department_id.id or None,
            batch_id=self.id,
            state="draft",
        )

    def _quiet_until(self, at):
        """``at``, or the end of the quiet hours it lies in: they hold for staff and for lists too."""
        if self.env["hospital.message"]._overtakes(self):
            return at
        company = self.env["res.company"]
        hours = self.env["hospital.contact"]._policy("sms", self.purpose).hours
        return company._from_hospital_clock(admission.next_allowed(hours, company._to_hospital_clock(at)))

    def _sweep(self):
        """Throw away what an earlier check made, or cancel what did not leave: one step."""
        if self.state == "cancelled":
            done = """UPDATE hospital_message SET state = 'cancelled' WHERE id IN (
                          SELECT id FROM hospital_message WHERE batch_id = %s AND state = 'draft' LIMIT %s)"""
        else:
            done = """DELETE FROM hospital_message WHERE id IN (
                          SELECT id FROM hospital_message WHERE batch_id = %s AND state IN ('draft', 'excluded')
                           LIMIT %s)"""
        self.env.cr.execute(done, [self.id, SWEEP])
        if self.env.cr.rowcount < SWEEP:
            self.stale = False
            self._refresh_counts()
