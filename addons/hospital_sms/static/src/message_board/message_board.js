import { Component, onMounted, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const REFRESH = 60_000;

/** How sending goes today: numbers that open what they count, and the last days. */
class MessageBoard extends Component {
    static template = "hospital_sms.MessageBoard";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ tiles: [], days: [] });
        onWillStart(() => this.load());
        onMounted(() => {
            this.timer = setInterval(() => document.visibilityState === "visible" && this.load(), REFRESH);
        });
        onWillUnmount(() => clearInterval(this.timer));
    }

    async load() {
        Object.assign(this.state, await this.orm.silent.call("hospital.message.board", "load", []));
    }

    number(value) {
        return value.toLocaleString();
    }

    /** Heights of a day's bar, in percent of the busiest day. */
    bar(day) {
        const most = Math.max(1, ...this.state.days.map((other) => other.submitted_count));
        return Object.fromEntries(
            ["delivered_count", "open_count", "failed_count"].map((name) => [name, (100 * day[name]) / most]),
        );
    }

    label(day) {
        return formatDate(deserializeDate(day.day), { format: "MM-dd" });
    }

    openFigures() {
        return this.action.doAction("hospital_sms.action_message_figure_open");
    }

    open({ model, name, domain }) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            name,
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }
}

registry.category("actions").add("hospital_message_board", MessageBoard);
