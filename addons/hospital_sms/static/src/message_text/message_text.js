import { useEffect, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { TextField, textField } from "@web/views/fields/text/text_field";

const ONE_PART = 70;
const EACH_PART = 67;

/** The text of a message: the words that can be put in by a click, its length as it is typed, what is wrong with it. */
export class MessageTextField extends TextField {
    static template = "hospital_sms.MessageTextField";
    static props = {
        ...TextField.props,
        words: { type: String, optional: true },
        findings: { type: String, optional: true },
        reserved: { type: String, optional: true },
    };

    setup() {
        super.setup();
        this.typed = useState({ text: this.value });
        useEffect(
            (value) => {
                this.typed.text = value;
            },
            () => [this.value],
        );
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    /** One text in all languages. */
    get isTranslatable() {
        return false;
    }

    get words() {
        return (!this.props.readonly && this.props.record.data[this.props.words]) || [];
    }

    get findings() {
        return this.props.record.data[this.props.findings] || [];
    }

    /** UTF-16 units, as operators count them: the signature that will be put before the text is among them. */
    get length() {
        return this.typed.text.length + (this.props.record.data[this.props.reserved] || 0);
    }

    get parts() {
        return this.length <= ONE_PART ? 1 : Math.ceil(this.length / EACH_PART);
    }

    onInput(ev) {
        this.typed.text = ev.target.value;
    }

    put(word) {
        const area = this.textareaRef.el;
        area.setRangeText(`{${word}}`, area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new InputEvent("input", { bubbles: true }));
        // The buttons stay where they are: a second click follows soon.
        area.focus({ preventScroll: true });
    }

    /** What was put in is no change that the browser tells of. */
    async onBlur() {
        await super.onBlur();
        this.textareaRef.el.dispatchEvent(new Event("change"));
    }
}

export const messageTextField = {
    ...textField,
    component: MessageTextField,
    extractProps: (info, dynamicInfo) => ({
        ...textField.extractProps(info, dynamicInfo),
        words: info.options.words,
        findings: info.options.findings,
        reserved: info.options.reserved,
    }),
    additionalClasses: ["o_field_text"],
};

registry.category("fields").add("hospital_message_text", messageTextField);
