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
    "nothing_mapped": _lt("The mapping is empty: say which column fills what."),
    # A run that went well but for something
    "parent_circle": _lt(
        "The HIS has departments in a circle, each part of the other: %(keys)s. They were left without a parent until "
        "it is mended there."
    ),
    # A row that was not taken
    "missing": _lt("“%(column)s” is empty, but it is required."),
    "bad_date": _lt("“%(value)s” in “%(column)s” is not a date."),
    "bad_number": _lt("“%(value)s” in “%(column)s” is not a whole number."),
    "bad_decimal": _lt("“%(value)s” in “%(column)s” is not a number."),
    "bad_boolean": _lt("“%(value)s” in “%(column)s” is neither yes nor no."),
    "bad_choice": _lt("“%(value)s” in “%(column)s” is not an allowed value. Add it to the code table."),
    "bad_encoding": _lt("A text in this row cannot be decoded."),
    "out_of_range": _lt("“%(value)s” in “%(column)s” is out of range."),
    "admission_in_future": _lt("The admission lies in the future: %(value)s"),
    "discharge_before_admission": _lt("The discharge lies before the admission: %(value)s"),
    "discharge_in_future": _lt("The discharge lies in the future: %(value)s"),
    "report_before_request": _lt("The report lies before its request: %(value)s"),
    "clinic_ends_before_start": _lt("The clinic ends before it begins: %(value)s"),
    "incomplete_visit": _lt("The visit %(value)s has no patient or no time of admission."),
    "unknown_patient": _lt("Patient %(value)s is not known yet. The row waits for the patient."),
    "unknown_department": _lt("Department %(value)s is not known yet. The row waits for the department."),
    "unknown_employee": _lt("Employee %(value)s is not known yet. The row waits for the employee."),
    "unknown_exam_item": _lt("Item %(value)s is not known yet. The row waits for the item."),
    "unknown_clinic_session": _lt("Clinic session %(value)s is not known yet. The row waits for the session."),
    "unknown_encounter": _lt("Visit %(value)s is not known yet. The row waits for the visit."),
    "database_refused": _lt("The database does not accept the row: %(message)s"),
    # What the appointment services answer
    "soap_done": _lt("Done."),
    "slot_unknown": _lt("There is no such slot. Send the number table first."),
    "slot_taken": _lt("This slot is already booked."),
    "slot_closed": _lt("This slot cannot be booked: it is not released, or stopped."),
    "slot_not_locked": _lt("This slot is not held."),
    "session_unknown": _lt("There is no such clinic session. Send the number table first."),
    "session_stopped": _lt("This clinic has been stopped."),
    "employee_unknown": _lt("The doctor who stands in is not known."),
    "patient_twice": _lt("The patient already has an appointment in this clinic."),
    "patient_unknown": _lt("The patient is not known. Send the name as well."),
    "patient_refused": _lt("The data of the patient cannot be taken: %(reason)s"),
    "time_impossible": _lt("A time in the message is impossible."),
    "appointment_unknown": _lt("There is no such appointment."),
    "appointment_exists": _lt("This number of an appointment is already in use."),
    "appointment_closed": _lt("The appointment is already over, cancelled or stopped."),
    # A request to the web service that was turned away
    "soap_client": _lt("No system is registered under this address."),
    "soap_address": _lt("%(address)s may not call this service."),
    "soap_rate": _lt("More than %(rate)s requests in a minute. Wait, then repeat the request."),
    "soap_content_type": _lt("Send the message as text/xml or application/soap+xml, not as a form."),
    "soap_large": _lt("The message is larger than %(megabytes)s MB."),
    "soap_key": _lt("The API key is missing or wrong."),
    "soap_token": _lt("The UsernameToken with a password digest is missing."),
    "soap_password": _lt("The user name or the password is wrong."),
    "soap_clock": _lt("The time of the token is off by more than %(minutes)s minutes. Check the clocks."),
    "soap_replayed": _lt("This nonce has been used before."),
    "soap_no_secret": _lt("The password of this client is missing on the server. Tell its administrator."),
    "soap_permission": _lt("This system may not call %(operation)s."),
    "soap_encoding": _lt("The message is not text in the encoding %(encoding)s."),
    "soap_doctype": _lt("A message must not hold a document type or entities."),
    "soap_deep": _lt("The message is nested deeper than %(deepest)s levels."),
    "soap_xml": _lt("The message is not well-formed XML."),
    "soap_envelope": _lt("The message is not a SOAP 1.1 or 1.2 envelope."),
    "soap_body": _lt("The body of the message must hold exactly one element."),
    "soap_operation": _lt("There is no operation %(operation)s."),
    "soap_no_input": _lt("The call of %(operation)s holds no XML text."),
    "soap_invalid": _lt("The message breaks the contract at “%(place)s” (%(problem)s)."),
    "soap_reused": _lt("The request number %(request)s has been used for another request."),
    "soap_failed": _lt("The request could not be carried out and nothing was changed. It may be repeated."),
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
        if isinstance(arguments.get("targets"), list):
            arguments["targets"] = ", ".join(arguments["targets"])
        sentence = self.env._(SENTENCES[code])
        return sentence % _Lenient(arguments)


class _Lenient(dict):
    def __missing__(self, key):
        return "…"
