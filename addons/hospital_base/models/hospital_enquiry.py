from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..identity.text import narrow

PATIENT_KINDS = ("inpatient", "surgery")
KINDS = ("phone", "drug", "inpatient", "exam_item", "surgery", "leader", "expert", "senior_expert")

# Answers to one question; nobody reads more to a caller.
MOST = 50
MOST_PATIENTS = 20
LONGEST_TEXT = 50
# Hits are counted up to here.
COUNTED = 100


class HospitalEnquiry(models.AbstractModel):
    """What callers ask the hospital, answered in one place: for the enquiry desk, the call centre and the IVR.

    ``ask`` and ``counts`` are the public methods (JSON-2: ``POST /json/2/hospital.enquiry/ask`` with ``kind``,
    ``text`` and ``limit``); code of the suite calls ``_ask``.
    """

    _name = "hospital.enquiry"
    _description = "Enquiry"

    @api.model
    def ask(self, kind, text="", limit=MOST_PATIENTS):
        """Answer one enquiry.

        Returns ``{"kind", "columns": [{"name", "label"}], "rows": [{"values", "cells", "say"}], "more", "as_of",
        "origin", "notice"}``: the values by name, the same as text in the order of the columns, and a sentence to be
        read aloud; whether there is more than was asked for; from when the answer is (UTC, or False); whether it
        is ``synchronised``, ``live`` or the ``last_good`` of a HIS that does not answer; a remark for the reader.
        """
        if kind not in KINDS:
            raise ValidationError(self.env._("There is no enquiry of this kind. There are: %s", ", ".join(KINDS)))
        if not isinstance(text, str) or not isinstance(limit, int):
            raise ValidationError(self.env._("An enquiry takes a text and a number of rows."))
        return self._ask(kind, text, limit)

    @api.model
    def counts(self, text=""):
        """The kinds the user may ask and how many hits each has, as ``[{"kind", "label", "count"}]``.

        ``count`` is None where counting would be a look at patients or a question to the HIS.
        """
        text = self._tidy(text if isinstance(text, str) else "")
        labels = self._kind_labels()
        return [
            {"kind": kind, "label": labels[kind], "count": self._count(kind, text)}
            for kind in KINDS
            if self._may_ask(kind)
        ]

    @api.model
    def _ask(self, kind, text="", limit=MOST_PATIENTS):
        if not self._may_ask(kind):
            raise AccessError(self.env._("Your role does not answer this enquiry."))
        text = self._tidy(text)
        limit = max(1, min(limit, MOST_PATIENTS if kind in PATIENT_KINDS else MOST))
        rows, as_of, origin, notice = [], False, "synchronised", self._refusal(kind, text)
        if not notice:
            # One more than asked for tells whether there are more.
            rows, as_of, origin, notice = self._live(kind, text, limit + 1) or (
                self._rows(kind, text, limit + 1),
                self._synchronised_at(kind),
                "synchronised",
                "",
            )
        if kind in PATIENT_KINDS:
            rows = self._tellable(rows)
            self._log_looks(rows[:limit], text)
        columns = self._columns(kind)
        return {
            "kind": kind,
            "columns": columns,
            "rows": [self._shown(kind, row, columns) for row in rows[:limit]],
            "more": len(rows) > limit,
            "as_of": as_of and fields.Datetime.to_string(as_of),
            "origin": origin,
            "notice": notice,
        }

    @api.model
    def _may_ask(self, kind):
        if kind in PATIENT_KINDS:
            return self.env.user._has_hospital_role("agent", "doctor", "nurse", "functional")
        return self.env.user._has_hospital_role("staff")

    @api.model
    def _tidy(self, text):
        return narrow(text or "").strip()[:LONGEST_TEXT]

    @api.model
    def _count(self, kind, text):
        if kind in PATIENT_KINDS or self._is_live(kind):
            return None
        return len(self._records(kind, text, COUNTED))

    # -- hooks -------------------------------------------------------------------------------------------------

    @api.model
    def _live(self, kind, text, limit):
        """Hook: ask the HIS itself. Returns None, or (rows as ``_rows`` gives them, when, origin, remark).

        The rows of a patient kind name the patient here (``patient_id`` or None) and say in ``tell`` whether
        callers may be told, as far as the HIS says so: True, False or None.
        """
        return None

    @api.model
    def _is_live(self, kind):
        """Hook: whether ``_live`` answers enquiries of this kind."""
        return False

    @api.model
    def _synchronised_at(self, kind):
        """Hook: from when the tables are that answer this kind, as a naive UTC datetime; False: not known."""
        return False
