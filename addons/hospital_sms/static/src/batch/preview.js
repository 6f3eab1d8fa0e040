import { Component, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const PAUSE = 300;
/** Of the form, what decides on the samples. */
const ASKED = ["source", "domain", "template_id", "text", "purpose", "staff_department_ids", "staff_group_ids"];

/** What real receivers will read, one at a time; the server hands over five. */
export class BatchPreview extends Component {
    static template = "hospital_sms.BatchPreview";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ samples: [], place: 0, pages: [0] });
        const ask = debounce(() => this.load(), PAUSE);
        useRecordObserver((record) => {
            const asked = JSON.stringify([record.resId, this.values(record), record.data.file]);
            if (asked !== this.asked) {
                this.asked = asked;
                this.state.pages = [0];
                ask();
            }
        });
        onWillUnmount(() => ask.cancel());
    }

    values(record) {
        const values = {};
        for (const name of ASKED) {
            const value = record.data[name];
            switch (record.fields[name].type) {
                case "many2one":
                    values[name] = value ? value.id : false;
                    break;
                case "many2many":
                    values[name] = [[6, 0, value.currentIds]];
                    break;
                default:
                    values[name] = value;
            }
        }
        return values;
    }

    async load() {
        const { record } = this.props;
        const asked = this.asked;
        const samples = await this.orm.silent.call("hospital.message.batch", "preview", [
            this.values(record),
            record.resId || false,
            this.state.pages.at(-1),
        ]);
        if (asked === this.asked) {
            Object.assign(this.state, { samples, place: 0 });
        }
    }

    get sample() {
        return this.state.samples[this.state.place];
    }

    /** The next receiver; behind the last of five the next five, behind all of them the first. */
    async next() {
        if (this.state.place < this.state.samples.length - 1) {
            this.state.place++;
            return;
        }
        this.state.pages.push(this.sample.id);
        await this.load();
        if (!this.state.samples.length) {
            this.state.pages = [0];
            await this.load();
        }
    }

    async previous() {
        if (this.state.place) {
            this.state.place--;
        } else if (this.state.pages.length > 1) {
            this.state.pages.pop();
            await this.load();
            this.state.place = this.state.samples.length - 1;
        }
    }
}

registry.category("view_widgets").add("hospital_batch_preview", { component: BatchPreview });
