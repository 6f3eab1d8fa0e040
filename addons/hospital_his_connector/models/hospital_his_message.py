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
    # A run that went well but for something
    "parent_circle": _lt(
        "The HIS has departments in a circle, each part of the other: %(keys)s. They were left without a parent until "
        "it is mended there."
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
    # A file that describes feeds
    "file_too_big": _lt("The file is too big to be an export of feeds."),
    "file_not_json": _lt("This is not a JSON file. Choose a file that “Export” has made."),
    "file_no_feeds": _lt("The file has no feeds. Choose a file that “Export” has made."),
    "file_lacks": _lt("In the file, %(place)s lacks “%(name)s”."),
    "file_unknown": _lt("In the file, %(place)s says “%(value)s” for “%(name)s”, which does not exist here."),
    "file_twice": _lt("In the file, “%(name)s” occurs twice (%(place)s)."),
    "file_refused": _lt("The file cannot be taken: %(message)s"),
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
