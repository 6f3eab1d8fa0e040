from odoo import api, models
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# Code -> sentence. The exchange itself speaks only in codes, so that it needs no Odoo and no language.
SENTENCES = {
    # A reading that failed
    "no_driver": _lt("The driver %(module)s is not installed. On the server run: %(install)s"),
    "no_secret": _lt(
        "The password “%(secret)s” was not found. Put it into the environment variable "
        "%(variable)s or into the file %(file)s."
    ),
    "host_unknown": _lt("There is no computer named “%(host)s”. Check the host name of the source."),
    "refused": _lt(
        "%(host)s answers, but no database listens on port %(port)s. Is the HIS running, is the port right?"
    ),
    "no_connection": _lt("No connection to %(host)s: %(message)s"),
    "connect_timeout": _lt(
        "The server did not answer within %(seconds)s seconds. It may be switched off, silent, or behind a firewall."
    ),
    "password": _lt("The database refuses user “%(username)s”: wrong name or password."),
    "not_allowed": _lt(
        "The database does not admit this computer as user “%(username)s”. The administrator of "
        "the HIS has to allow it."
    ),
    "no_permission": _lt("User “%(username)s” may not read this in the HIS: %(message)s"),
    "no_database": _lt("The server has no database “%(database)s”."),
    "no_file": _lt("There is no database file “%(database)s”, or the server may not read it."),
    "not_a_database": _lt("The file “%(database)s” is not a SQLite database."),
    "locked": _lt("The database is locked by another program."),
    "bad_query": _lt("The HIS does not understand the query: %(message)s"),
    "no_column": _lt("The query has no column “%(column)s”. It has: %(columns)s"),
    "unmapped_target": _lt("The mapping lacks required values: %(targets)s"),
    "unknown_target": _lt("The mapping fills “%(target)s”, which this kind of feed does not have."),
    "silence": _lt("The HIS sent nothing for %(seconds)s seconds; the reading was given up."),
    "total": _lt("The reading took longer than the %(seconds)s seconds allowed. The next run goes on where it ended."),
    "lost": _lt("The HIS broke the connection off: %(message)s"),
    "database": _lt("The HIS reports an error: %(message)s"),
    "not_started": _lt("The reading process did not start within %(seconds)s seconds: this server is overloaded."),
    "died": _lt("The reading process ended unexpectedly (status %(status)s)."),
    "internal": _lt("The exchange itself failed (%(error)s, %(where)s). Please tell the makers."),
    "too_many_rejected": _lt(
        "%(rejected)s of %(read)s rows were rejected, "
        "more than the %(limit)s %% allowed: nothing of this batch was written. Most often: "
        "%(reason)s"
    ),
    "killed": _lt("The run was broken off. The next run goes on where it ended."),
    "busy": _lt("Another run of this feed is still at work."),
    "conflict": _lt("Others were writing the same records again and again. The next run goes on."),
    # A run that went well but for something
    "parent_circle": _lt(
        "The HIS has departments in a circle, each part of the other: %(keys)s. They were left without a parent until "
        "it is mended there."
    ),
    "vanish_brake": _lt(
        "%(vanished)s of %(here)s rows are no longer in the HIS, more than the %(limit)s %% allowed. Nothing was "
        "touched. Are they really gone, or did the query show too little?"
    ),
    # Alarms and what to do about them
    "alarm_failing": _lt("%(feeds)s cannot be read, %(count)s failures in a row: %(reason)s"),
    "advice_failing": _lt(
        "Open the connection and press “Test connection”; ask the HIS's administrator if it does not answer. Nothing "
        "is lost: as soon as it works again the feeds go on where they ended."
    ),
    "alarm_late": _lt("%(feeds)s: not read for %(hours)s hours, more than the %(limit)s allowed."),
    "advice_late": _lt(
        "See on the board whether the service process and the scheduled actions are running, then press “Run now”."
    ),
    "alarm_letters": _lt("%(feeds)s: %(count)s rows were set aside within 24 hours."),
    "advice_letters": _lt(
        "Open the dead letters, grouped by reason. Usually a code table or the mapping lacks something: complete it, "
        "then replay them all at once."
    ),
    "alarm_service": _lt("The service “%(service)s” has given no sign of life since %(since)s (UTC)."),
    "advice_service": _lt(
        "Start the service process on the server: odoo hospital_service -d DATABASE. Until then the scheduled actions "
        "read the feeds, less often."
    ),
    "alarm_braked": _lt("%(feeds)s: %(vanished)s of %(here)s rows are no longer in the HIS. Nothing was touched."),
    "advice_braked": _lt(
        "Look at the rows in question. If they are really gone, confirm it in the comparison; if the query showed too "
        "little, mend it and compare again."
    ),
    # A row that was not taken
    "missing": _lt("“%(column)s” is empty, but it is required."),
    "bad_date": _lt("“%(value)s” in “%(column)s” is not a date."),
    "bad_number": _lt("“%(value)s” in “%(column)s” is not a whole number."),
    "bad_boolean": _lt("“%(value)s” in “%(column)s” is neither yes nor no."),
    "bad_choice": _lt("“%(value)s” in “%(column)s” is not an allowed value. Add it to the code table."),
    "bad_encoding": _lt("A text in this row cannot be decoded."),
    "out_of_range": _lt("“%(value)s” in “%(column)s” is out of range."),
    "admission_in_future": _lt("The admission lies in the future: %(value)s"),
    "discharge_before_admission": _lt("The discharge lies before the admission: %(value)s"),
    "discharge_in_future": _lt("The discharge lies in the future: %(value)s"),
    "incomplete_visit": _lt("The visit %(value)s has no patient or no time of admission."),
    "unknown_patient": _lt("Patient %(value)s is not known yet. The row waits for the patient."),
    "unknown_department": _lt("Department %(value)s is not known yet. The row waits for the department."),
    "unknown_employee": _lt("Employee %(value)s is not known yet. The row waits for the employee."),
    "unknown_encounter": _lt("Visit %(value)s is not known yet. The row waits for the visit."),
    "database_refused": _lt("The database does not accept the row: %(message)s"),
}


class HospitalHisMessage(models.AbstractModel):
    """Something of the exchange that carries a code with arguments and is read by people."""

    _name = "hospital.his.message"
    _description = "Readable Message of the Data Exchange"

    @api.model
    def _sentence(self, code, arguments):
        """The code as a sentence in the reader's language."""
        if not code:
            return ""
        arguments = dict(arguments or {})
        if isinstance(arguments.get("reason"), list):
            arguments["reason"] = self._sentence(*arguments["reason"])
        for name in ("targets", "feeds"):
            if isinstance(arguments.get(name), list):
                arguments[name] = ", ".join(arguments[name])
        sentence = self.env._(SENTENCES[code])
        return sentence % _Lenient(arguments)


class _Lenient(dict):
    def __missing__(self, key):
        return "…"
