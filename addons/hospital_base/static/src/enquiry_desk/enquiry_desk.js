import { Component, onWillStart, useState } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const TYPING_PAUSE = 200;
const LIMIT = 50;

/** One box for all that callers ask: the answer is read off the screen while they wait. */
export class EnquiryDesk extends Component {
    static template = "hospital_base.EnquiryDesk";
    static components = { CopyButton };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ text: "", kinds: [], kind: "", answer: null, place: 0, busy: false });
        this.box = useAutofocus({ refName: "box" });
        this.asked = 0;
        this.counted = 0;
        this.searchSoon = useDebounced(() => this.search(), TYPING_PAUSE);
        onWillStart(async () => {
            await this.count();
            this.state.kind = this.state.kinds[0]?.kind || "";
            await this.ask();
        });
    }

    get current() {
        return this.state.kinds.find(({ kind }) => kind === this.state.kind);
    }

    /** Counting would be a look at patients or a question to the HIS: such kinds are asked by Enter. */
    get waitsForEnter() {
        return this.current?.count === null;
    }

    get chosen() {
        return this.state.answer?.rows[this.state.place];
    }

    get facts() {
        const { columns } = this.state.answer;
        return columns
            .map(({ name, label }, index) => ({ name, label, text: this.chosen.cells[index] }))
            .filter(({ text }) => text);
    }

    get asOf() {
        const { as_of, origin } = this.state.answer;
        if (origin === "live") {
            return _t("Live from the HIS");
        }
        if (!as_of) {
            return "";
        }
        const at = deserializeDateTime(as_of);
        const time = at.hasSame(luxon.DateTime.now(), "day") ? at.toFormat("HH:mm") : at.toFormat("MM-dd HH:mm");
        return _t("As of %s", time);
    }

    /** As with ``ask``: the latest counts, whatever comes last. */
    async count() {
        const counted = ++this.counted;
        const kinds = await this.orm.call("hospital.enquiry", "counts", [this.state.text]);
        if (counted === this.counted) {
            this.state.kinds = kinds;
        }
    }

    /** The latest question counts: answers to earlier ones may come later. */
    async ask() {
        const asked = ++this.asked;
        this.state.busy = true;
        try {
            const answer = await this.orm.call("hospital.enquiry", "ask", [this.state.kind, this.state.text, LIMIT]);
            if (asked === this.asked) {
                Object.assign(this.state, { answer, place: 0 });
            }
        } finally {
            if (asked === this.asked) {
                this.state.busy = false;
            }
        }
    }

    /** Enter asks at once: what was typed a moment ago must not clear the answer a moment later. */
    async askNow() {
        this.searchSoon.cancel();
        await Promise.all([this.count(), this.ask()]);
    }

    async search() {
        const counted = this.count();
        if (this.waitsForEnter) {
            this.asked++;
            Object.assign(this.state, { answer: null, busy: false });
        } else {
            await this.ask();
        }
        await counted;
    }

    async open(kind) {
        Object.assign(this.state, { kind, answer: null });
        this.box.el?.focus();
        if (!this.waitsForEnter) {
            await this.ask();
        }
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        if (!ev.isComposing) {
            this.searchSoon();
        }
    }

    onKeydown(ev) {
        if (ev.isComposing) {
            return;
        }
        const number = Number(ev.key);
        if (ev.key === "Enter" && ev.target === this.box.el) {
            this.askNow();
        } else if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
            const last = (this.state.answer?.rows.length || 1) - 1;
            const place = this.state.place + (ev.key === "ArrowDown" ? 1 : -1);
            this.state.place = Math.min(Math.max(place, 0), last);
        } else if (ev.altKey && number >= 1 && number <= this.state.kinds.length) {
            this.open(this.state.kinds[number - 1].kind);
        } else {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
    }
}

registry.category("actions").add("hospital_base.enquiry_desk", EnquiryDesk);
