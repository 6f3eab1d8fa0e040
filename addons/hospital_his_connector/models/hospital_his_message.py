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
    "unreachable": _lt(
        "No way leads from this server to %(host)s. Is the address right, does the network between them let it through?"
    ),
    "no_connection": _lt("No connection to %(host)s: %(message)s"),
    "connect_timeout": _lt(
        "The server did not answer within %(seconds)s seconds. It may be switched off, silent, or behind a firewall."
    ),
    "password": _lt("The database refuses user “%(username)s”: wrong name or password."),
    "login_or_database": _lt(
        "The server refuses user “%(username)s”: wrong name or password, or this user has no database “%(database)s”."
    ),
    "not_allowed": _lt(
        "The database does not admit this computer as user “%(username)s”. The administrator of "
        "the HIS has to allow it."
    ),
    "no_permission": _lt("User “%(username)s” may not read this in the HIS: %(message)s"),
    "no_database": _lt("The server has no database “%(database)s”."),
    "no_file": _lt("There is no database file “%(database)s”, or the server may not read it."),
    "not_a_database": _lt("The file “%(database)s” is not a SQLite database."),
    "locked": _lt("The database is locked by another program."),
    "account_locked": _lt("The account “%(username)s” is locked, or its password has expired: %(message)s"),
    "starting": _lt("The database of the HIS is being started or stopped: %(message)s"),
    "charset": _lt(
        "The HIS sent text that cannot be decoded (%(message)s). Choose a text repair in the connection, or convert "
        "the column in the query."
    ),
    "oracle_too_old": _lt(
        "This Oracle is older than 12.1; it can be reached through Oracle's own client only. Install Oracle Instant "
        "Client on this server (version 19 for Oracle 11.2, 12.1 for 10.2), then switch on “Through Oracle's Client” "
        "in the connection."
    ),
    "oracle_verifier": _lt(
        "Oracle keeps the password of “%(username)s” in the form of version 10g. Have it set anew in the HIS, or "
        "switch on “Through Oracle's Client” in the connection."
    ),
    "no_oracle_client": _lt(
        "Oracle's client was not found in “%(oracle_client)s”. Install Oracle Instant Client and libaio on this "
        "server, and name its folder in the connection. (%(message)s)"
    ),
    "oracle_client_old": _lt("Oracle's client in “%(oracle_client)s” is too old. Install version 11.2 or newer."),
    "oracle_no_service": _lt(
        "Oracle on %(host)s knows no service “%(database)s”. Is it a SID? Then choose so in the connection; the "
        "command “lsnrctl status” on the HIS's server lists both."
    ),
    "oracle_no_sid": _lt(
        "Oracle on %(host)s knows no SID “%(database)s”. Is it a service name? Then choose so in the connection; the "
        "command “lsnrctl status” on the HIS's server lists both."
    ),
    "oracle_listener": _lt("Oracle's listener on %(host)s answers, but lets nobody in: %(message)s"),
    "oracle_encryption": _lt(
        "The server demands Oracle's own network encryption. Switch on “Through Oracle's Client” in the connection."
    ),
    "tds_encryption": _lt(
        "SQL Server broke off while the connection was being set up. A server of before 2014 often cannot do today's "
        "encryption: set “Encryption” to never, and for SQL Server 2000 the TDS version to 7.1."
    ),
    "db2_licence": _lt(
        "DB2 on a mainframe or IBM i admits IBM's client only with a licence of Db2 Connect: %(message)s"
    ),
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
    "alarm_broken": _lt("%(feeds)s cannot be read: %(reason)s"),
    "advice_broken": _lt(
        "This does not pass by itself. Mend what is named in the feed (query, mapping) or in the connection (user, "
        "password), then press “Run now”. Nothing is lost."
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
    "alarm_in_doubt": _lt("%(count)s transactions with the HIS have not been ended for more than a minute."),
    "advice_in_doubt": _lt(
        "They hold rows of the HIS. Is the service “exchange” running, does the HIS answer? Then they end by "
        "themselves; if not, settle them in the list of transactions."
    ),
    # A call that pushes rows
    "push_no_feed": _lt("This account may push nothing into a feed “%(feed)s” of the source “%(source)s”."),
    "push_no_rows": _lt("The rows must be a list of objects, each with the names and values of its columns."),
    "push_too_many": _lt("%(count)s rows are too many for one call; at most %(limit)s."),
    "push_columns": _lt("Row %(number)s has unknown columns: %(column)s. The feed knows: %(columns)s"),
    # HL7
    "hl7_unreadable": _lt("This is no message of HL7 version 2: it does not begin with MSH."),
    "hl7_characters": _lt("The characters are not those that MSH-18 or the listener names."),
    "hl7_no_feed": _lt("No feed takes messages of the kind %(kind)s."),
    "hl7_set_aside": _lt("%(count)s of its rows are among the dead letters: %(reason)s"),
    "hl7_no_path": _lt("“%(column)s” in the mapping is no place in a message; an example: PID-3.1"),
    "hl7_no_service": _lt("The service “hl7” is not running: nobody listens."),
    "hl7_port_taken": _lt("Another program already listens on port %(port)s of this server."),
    "hl7_no_address": _lt("This server has no address “%(host)s”."),
    "hl7_port_forbidden": _lt("The operating system does not allow port %(port)s; take one from 1024 on."),
    "hl7_cannot_listen": _lt("The port cannot be listened on: %(message)s"),
    # A row that was not taken
    "missing": _lt("“%(column)s” is empty, but it is required."),
    "bad_date": _lt("“%(value)s” in “%(column)s” is not a date."),
    "bad_number": _lt("“%(value)s” in “%(column)s” is not a whole number."),
    "bad_decimal": _lt("“%(value)s” in “%(column)s” is not a number."),
    "bad_boolean": _lt("“%(value)s” in “%(column)s” is neither yes nor no."),
    "bad_choice": _lt("“%(value)s” in “%(column)s” is not an allowed value. Add it to the code table."),
    "bad_value": _lt("The value of “%(column)s” is not a text, a number or a date."),
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
    # A write to the HIS
    "no_statement": _lt("Say how it is written: a statement such as UPDATE … SET … = :followed WHERE … = :visit"),
    "every_row": _lt("This statement changes every row of the table: it needs a WHERE."),
    "unknown_parameter": _lt("There is no value “:%(name)s”. There are: %(names)s"),
    "write_refused": _lt("The HIS refuses the write: %(message)s"),
    "bad_values": _lt("The values cannot be written (%(error)s)."),
    "stopped": _lt("Writing is stopped: %(message)s"),
    "bad_template": _lt("The message is not valid JSON of the form {“element”: “:value”}."),
    "bad_message": _lt("The service does not take a message of this form: %(message)s"),
    "no_service": _lt("The service's description has no operation “%(service)s”."),
    "no_description": _lt("The description of the service is not here yet: fetch it first (%(url)s)."),
    "his_fault": _lt("The HIS reports a fault: %(message)s"),
    "his_refuses": _lt("The HIS refuses: %(message)s"),
    "http_status": _lt("The web server of the HIS on %(host)s answers with status %(status)s."),
    "web_refused": _lt("%(host)s answers, but no web service listens on port %(port)s."),
    "bad_answer": _lt("The HIS answers with something that is not an answer of this service."),
    "answer_too_big": _lt("The answer of the HIS is longer than %(size)s MB and was not read."),
    "not_booked_here": _lt("The HIS had confirmed the booking, but it is not possible here any more; it is cancelled."),
    "cancelled_here": _lt("Cancelled here. %(message)s"),
    "expired": _lt("The number was not confirmed in time."),
    # A transaction with the HIS
    "no_delivery": _lt("No delivery of this system does this together with the change here."),
    "nothing_matched": _lt("The HIS found nothing to change: what was wanted is not there, or is taken."),
    "together_impossible": _lt(
        "This kind of database cannot commit together with ours: only MySQL, MariaDB and PostgreSQL can. Use the queue."
    ),
    "together_too_old": _lt(
        "Version %(version)s of the HIS's database loses prepared transactions; %(needed)s is the oldest that keeps "
        "them. Use the queue."
    ),
    "together_off": _lt(
        "Prepared transactions are switched off in the HIS's PostgreSQL: its administrator has to set "
        "max_prepared_transactions. Until then use the queue."
    ),
    "together_busy": _lt("An earlier try of the same is not settled yet. Try again in a minute."),
    # A file that describes feeds
    "file_too_big": _lt("The file is too big to be an export of feeds."),
    "file_not_json": _lt("This is not a JSON file. Choose a file that “Export” has made."),
    "file_no_feeds": _lt("The file has no feeds. Choose a file that “Export” has made."),
    "file_lacks": _lt("In the file, %(place)s lacks “%(name)s”."),
    "file_unknown": _lt("In the file, %(place)s says “%(value)s” for “%(name)s”, which does not exist here."),
    "file_twice": _lt("In the file, “%(name)s” occurs twice (%(place)s)."),
    "file_refused": _lt("The file cannot be taken: %(message)s"),
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
        for name in ("targets", "feeds"):
            if isinstance(arguments.get(name), list):
                arguments[name] = ", ".join(arguments[name])
        sentence = self.env._(SENTENCES[code])
        return sentence % _Lenient(arguments)


class _Lenient(dict):
    def __missing__(self, key):
        return "…"
