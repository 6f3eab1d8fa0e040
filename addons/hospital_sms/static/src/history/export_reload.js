import { Component, onMounted, onWillUnmount, xml } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const REFRESH = 2000;

/** Reads the export again while it is being written. */
class ExportReload extends Component {
    static template = xml`<span />`;
    static props = { ...standardWidgetProps };

    setup() {
        onMounted(() => {
            this.timer = setInterval(() => {
                const { record } = this.props;
                if (["waiting", "running"].includes(record.data.state)) {
                    record.load();
                }
            }, REFRESH);
        });
        onWillUnmount(() => clearInterval(this.timer));
    }
}

registry.category("view_widgets").add("hospital_message_export_reload", { component: ExportReload });
