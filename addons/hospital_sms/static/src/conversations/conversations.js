import { Component, onWillStart, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const REFRESH = 8000;
// One tick: the operator has it; two: the phone has it.
const TICKS = {
    queued: "fa-clock-o",
    sent: "fa-check",
    silent: "fa-check",
    delivered: "fa-check-circle text-success",
    partial: "fa-exclamation-circle text-warning",
    unknown: "fa-question-circle text-warning",
    failed: "fa-times-circle text-danger",
    excluded: "fa-ban text-danger",
    cancelled: "fa-ban",
};

/** Conversations with patients, those with unread texts first; on a phone the list or the conversation. */
export class Conversations extends Component {
    static template = "hospital_sms.Conversations";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.pane = useRef("pane");
        this.ticks = TICKS;
        this.state = useState({
            conversations: [],
            patient: null,
            entries: [],
            before: null,
            maySend: false,
            templates: [],
            templateId: "",
            text: "",
            busy: false,
        });
        this.asked = 0;
        onWillStart(async () => {
            await this.refreshList();
            const { patient_id } = this.props.action.context || {};
            if (patient_id) {
                await this.open(patient_id);
            }
        });
        // The newest is below, as on a phone.
        useEffect(
            () => {
                if (this.pane.el) {
                    this.pane.el.scrollTop = this.pane.el.scrollHeight;
                }
            },
            () => [this.state.patient?.id, this.newest],
        );
        const timer = setInterval(() => this.refresh(), REFRESH);
        onWillUnmount(() => clearInterval(timer));
    }

    get newest() {
        const last = this.state.entries.at(-1);
        return last && `${last.direction}${last.id}`;
    }

    get template() {
        return this.state.templates.find(({ id }) => id === Number(this.state.templateId));
    }

    get unread() {
        return this.state.entries.filter(({ kind }) => kind === "new");
    }

    time(text) {
        const at = deserializeDateTime(text);
        const now = luxon.DateTime.now();
        if (at.hasSame(now, "day")) {
            return at.toFormat("HH:mm");
        }
        return at.toFormat(at.hasSame(now, "year") ? "MM-dd HH:mm" : "yyyy-MM-dd HH:mm");
    }

    day(text) {
        return deserializeDateTime(text).toFormat("yyyy-MM-dd");
    }

    newDay(index) {
        const { entries } = this.state;
        return !index || this.day(entries[index].at) !== this.day(entries[index - 1].at);
    }

    async refreshList() {
        this.state.conversations = await this.orm.silent.call("hospital.conversation", "recent", []);
    }

    /** The page is brought up to date while somebody looks at it. */
    async refresh() {
        if (document.visibilityState !== "visible") {
            return;
        }
        await this.refreshList();
        if (this.state.patient) {
            await this.read(this.state.patient.id);
        }
    }

    async open(patientId) {
        Object.assign(this.state, { entries: [], before: null, text: "", templateId: "" });
        await this.read(patientId);
        if (this.state.maySend && !this.state.templates.length) {
            this.state.templates = await this.orm.call("hospital.conversation", "templates", []);
        }
    }

    /** The newest page; what has been loaded before it stays. The latest question counts. */
    async read(patientId) {
        const asked = ++this.asked;
        const page = await this.orm.silent.call("hospital.conversation", "thread", [patientId]);
        if (asked !== this.asked) {
            return;
        }
        const known = new Set(page.entries.map(({ direction, id }) => direction + id));
        const same = this.state.patient?.id === page.patient.id;
        const older = same ? this.state.entries.filter(({ direction, id }) => !known.has(direction + id)) : [];
        Object.assign(this.state, {
            patient: page.patient,
            maySend: page.may_send,
            entries: [...older, ...page.entries],
            before: older.length ? this.state.before : page.before,
        });
    }

    async loadOlder() {
        const { patient, before } = this.state;
        const page = await this.orm.call("hospital.conversation", "thread", [patient.id, before]);
        if (this.state.patient?.id === patient.id) {
            this.state.entries.unshift(...page.entries);
            this.state.before = page.before;
        }
    }

    close() {
        this.asked++;
        Object.assign(this.state, { patient: null, entries: [], before: null });
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.shiftKey && !ev.isComposing) {
            ev.preventDefault();
            this.send();
        }
    }

    async send() {
        const { patient, text, templateId } = this.state;
        if (this.state.busy || (!text.trim() && !templateId)) {
            return;
        }
        this.state.busy = true;
        try {
            const notice = await this.orm.call("hospital.conversation", "answer", [patient.id], {
                text: templateId ? false : text.trim(),
                template_id: Number(templateId) || false,
            });
            Object.assign(this.state, { text: "", templateId: "" });
            if (notice) {
                this.notification.add(notice, { type: "warning" });
            }
            await this.refresh();
        } finally {
            this.state.busy = false;
        }
    }

    async done() {
        await this.orm.call("hospital.conversation", "done", [this.state.patient.id]);
        await this.refresh();
    }

    async openCase(entry) {
        const action = await this.orm.call("hospital.message.inbound", "action_open_case", [[entry.id]]);
        await this.action.doAction(action);
    }

    async openPatient() {
        await this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "res.partner",
            res_id: this.state.patient.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("hospital_sms.conversations", Conversations);
