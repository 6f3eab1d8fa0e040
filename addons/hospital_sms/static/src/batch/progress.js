import { Component, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const MOVING = ["checking", "sending"];
const SECOND = 1000;
/** Over how many seconds the rate is measured. */
const SPAN = 60;

const GROUPS = [
    { key: "delivered", states: ["delivered"], label: _t("Delivered"), colour: "bg-success" },
    { key: "sent", states: ["sent"], label: _t("Sent, no report yet"), colour: "bg-primary" },
    { key: "failed", states: ["failed", "partial"], label: _t("Failed"), colour: "bg-danger" },
    { key: "unknown", states: ["unknown", "silent"], label: _t("Unknown"), colour: "bg-warning" },
    { key: "cancelled", states: ["cancelled"], label: _t("Cancelled"), colour: "bg-dark" },
    { key: "waiting", states: ["draft", "queued"], label: _t("Waiting"), colour: "bg-light border" },
];

/** How far a batch is: a bar, figures that open their lists, how fast it goes and how long it will take. */
export class BatchProgress extends Component {
    static template = "hospital_sms.BatchProgress";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ now: null, samples: [] });
        onWillStart(() => this.load());
        useRecordObserver((record) => {
            if (this.state.now && record.data.state !== this.state.now.state) {
                this.load();
            }
        });
        onWillUnmount(() => clearTimeout(this.timer));
    }

    async load() {
        clearTimeout(this.timer);
        const id = this.props.record.resId;
        if (!id) {
            return;
        }
        const now = await this.orm.silent.call("hospital.message.batch", "progress_now", [id]);
        if (this.props.record.resId !== id) {
            return;
        }
        const before = this.state.now;
        this.state.now = now;
        this.sample(before, now);
        if (before && before.state !== now.state) {
            await this.props.record.load();
        }
        if (MOVING.includes(now.state) || (now.state === "cancelled" && this.count("waiting"))) {
            this.timer = setTimeout(() => this.load(), SECOND);
        }
    }

    /** Keep the last minute's figures: what moved between the first and the last of them is the rate. */
    sample(before, now) {
        if (before?.state !== now.state) {
            this.state.samples = [];
        }
        const at = performance.now() / SECOND;
        const done = now.state === "checking" ? now.read : this.all - this.count("waiting");
        this.state.samples = [...this.state.samples.filter((sample) => sample.at > at - SPAN), { at, done }];
    }

    count(key) {
        const counts = this.state.now.counts;
        const { states } = GROUPS.find((group) => group.key === key);
        return states.reduce((sum, state) => sum + (counts[state] || 0), 0);
    }

    get all() {
        return GROUPS.reduce((sum, group) => sum + this.count(group.key), 0);
    }

    get checking() {
        return this.state.now.state === "checking";
    }

    get checked() {
        const { read, total } = this.state.now;
        return total ? Math.min(100, Math.round((100 * read) / total)) : 0;
    }

    get groups() {
        const all = this.all || 1;
        return GROUPS.map((group) => {
            const count = this.count(group.key);
            return { ...group, count, width: (100 * count) / all };
        }).filter((group) => group.count);
    }

    /** Per second, or 0 while nothing can be said. */
    get rate() {
        const [first, last] = [this.state.samples[0], this.state.samples.at(-1)];
        const seconds = last ? last.at - first.at : 0;
        return seconds >= 3 ? (last.done - first.done) / seconds : 0;
    }

    /** Whether it waits for the hours in which such messages may leave. */
    get waits() {
        const until = this.state.now.until;
        if (!until || !this.count("waiting")) {
            return "";
        }
        const at = formatDateTime(deserializeDateTime(until));
        return _t("Such messages do not leave at this hour. It goes on at %s.", at);
    }

    get pace() {
        if (!MOVING.includes(this.state.now.state) || this.rate <= 0) {
            return "";
        }
        const { read, total } = this.state.now;
        const left = this.checking ? total - read : this.count("waiting");
        return _t("%(rate)s a minute, %(left)s", {
            rate: Math.round(this.rate * 60).toLocaleString(),
            left: this.inWords(left / this.rate),
        });
    }

    inWords(seconds) {
        if (seconds < 60) {
            return _t("less than a minute left");
        }
        const minutes = Math.ceil(seconds / 60);
        if (minutes < 90) {
            return _t("about %s minutes left", minutes);
        }
        return _t("about %s hours left", Math.ceil(minutes / 60));
    }

    number(value) {
        return value.toLocaleString();
    }

    open(name, states, reason) {
        const domain = [
            ["batch_id", "=", this.props.record.resId],
            ["state", "in", states],
        ];
        if (reason) {
            domain.push(["reason", "=", reason]);
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: "hospital.message",
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }
}

registry.category("view_widgets").add("hospital_batch_progress", { component: BatchProgress });
