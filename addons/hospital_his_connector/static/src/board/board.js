import { Component, onMounted, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

// Ages grow and heartbeats stop without anybody telling: looked at now and then, while somebody sees the page.
const REFRESH = 30_000;

/** The board of the data exchange: lights, numbers that open their lists, one row a feed. */
class Board extends Component {
    static template = "hospital_his_connector.Board";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.state = useState({ board: null });
        const load = debounce(() => this.load(), 1000);
        onWillStart(() => this.load());
        onMounted(() => {
            this.bus.subscribe("hospital.his.board", load);
            this.timer = setInterval(() => document.visibilityState === "visible" && this.load(), REFRESH);
        });
        onWillUnmount(() => {
            this.bus.unsubscribe("hospital.his.board", load);
            clearInterval(this.timer);
            load.cancel();
        });
    }

    async load() {
        this.state.board = await this.orm.silent.call("hospital.his.board", "load", []);
    }

    ago(text) {
        return text ? deserializeDateTime(text).toRelative({ base: deserializeDateTime(this.state.board.now) }) : "";
    }

    moment(text) {
        return text ? formatDateTime(deserializeDateTime(text)) : "";
    }

    number(value) {
        return typeof value === "number" ? value.toLocaleString() : value;
    }

    /** Bars of the last hours, as heights in percent of the busiest one. */
    bars(feed) {
        const most = Math.max(1, ...feed.hours);
        return feed.hours.map((rows) => ({
            rows,
            height: rows ? Math.max(8, (rows / most) * 100) : 0,
        }));
    }

    open(list) {
        if (!list) {
            return;
        }
        const { model, name, domain } = list;
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

    openFailedToday(feed) {
        return this.openOf(
            feed,
            "hospital.his.run",
            ["state", "=", "failed"],
            ["finished_at", ">", this.state.board.day_ago],
        );
    }

    openThroughput(feed) {
        return this.action.doAction("hospital_his_connector.action_his_throughput", {
            additionalContext: { search_default_feed_id: feed.id },
        });
    }

    openOf(feed, model, ...domain) {
        return this.open({ model, name: feed.name, domain: [["feed_id", "=", feed.id], ...domain] });
    }

    openRecord(model, id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("hospital_his_board", Board);
