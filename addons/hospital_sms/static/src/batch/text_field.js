import { onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { TextField, textField } from "@web/views/fields/text/text_field";

const PAUSE = 400;
/** Of the form, what decides on the five samples. */
const ASKED = [
    "source",
    "domain",
    "template_id",
    "purpose",
    "staff_department_ids",
    "staff_group_ids",
    "plan_at",
    "department_id",
];

/** The text of a batch: variables by a click and, as it is typed, what real receivers will read and what it costs. */
export class MessageTextField extends TextField {
    static template = "hospital_sms.MessageTextField";

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.state = useState({ samples: [], variables: [], problems: [], place: 0, pages: [0] });
        this.ask = debounce(() => this.load(), PAUSE);
        onWillStart(() => this.load());
        useRecordObserver((record) => {
            const asked = JSON.stringify([record.resId, this.values(record), record.data.file?.length]);
            if (this.asked !== undefined && asked !== this.asked) {
                this.state.pages = [0];
                this.ask();
            }
            this.asked = asked;
        });
        onWillUnmount(() => this.ask.cancel());
    }

    get typed() {
        return this.textareaRef.el?.value ?? this.props.record.data[this.props.name] ?? "";
    }

    values(record) {
        const values = {};
        for (const name of ASKED) {
            const value = record.data[name];
            const { type } = record.fields[name];
            if (type === "many2one") {
                values[name] = value ? value.id : false;
            } else if (type === "many2many") {
                values[name] = [[6, 0, value.currentIds]];
            } else if (type !== "datetime") {
                values[name] = value;
            }
        }
        values.text = record.data[this.props.name];
        return values;
    }

    async load() {
        const { record } = this.props;
        if (this.props.readonly && record.data.state !== "draft") {
            return;
        }
        const values = { ...this.values(record), text: this.typed };
        const found = await this.orm.silent.call("hospital.message.batch", "preview", [
            values,
            record.resId || false,
            this.state.pages.at(-1),
        ]);
        Object.assign(this.state, found, { place: 0 });
    }

    onInput() {
        this.ask();
    }

    /** Put a variable where the cursor is. */
    insert(expression) {
        const { el } = this.textareaRef;
        el.focus();
        el.setRangeText(`{{ ${expression} }}`, el.selectionStart, el.selectionEnd, "end");
        el.dispatchEvent(new InputEvent("input", { bubbles: true }));
        el.dispatchEvent(new Event("change", { bubbles: true }));
    }

    get sample() {
        return this.state.samples[this.state.place];
    }

    /** The next receiver; behind the fifth the next five. */
    async next() {
        if (this.state.place < this.state.samples.length - 1) {
            this.state.place++;
        } else if (this.state.samples.length) {
            this.state.pages.push(this.state.samples.at(-1).id);
            await this.load();
            if (!this.state.samples.length) {
                this.state.pages = [0];
                await this.load();
            }
        }
    }

    async previous() {
        if (this.state.place) {
            this.state.place--;
        } else if (this.state.pages.length > 1) {
            this.state.pages.pop();
            await this.load();
            this.state.place = Math.max(0, this.state.samples.length - 1);
        }
    }
}

registry.category("fields").add("hospital_message_text", { ...textField, component: MessageTextField });
