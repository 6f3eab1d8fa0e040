import { Component, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// How often the board looks at how the gateways are doing.
const SECONDS = 10;

/** Says that nothing reaches a phone, as long as that is so. */
export class Demonstration extends Component {
    static template = "hospital_sms.Demonstration";
    static props = { ...standardWidgetProps, readonly: { type: Boolean, optional: true }, record: { optional: true } };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ shown: false });
        onWillStart(async () => {
            this.state.shown = await this.orm.call("hospital.gateway", "demonstration", []);
        });
    }
}

class BoardController extends KanbanController {
    static template = "hospital_sms.GatewayBoard";
    static components = { ...KanbanController.components, Demonstration };

    setup() {
        super.setup();
        const timer = setInterval(() => document.visibilityState === "visible" && this.model.load(), SECONDS * 1000);
        onWillUnmount(() => clearInterval(timer));
    }
}

registry.category("view_widgets").add("hospital_sms_demonstration", { component: Demonstration });
registry.category("views").add("hospital_gateway_board", { ...kanbanView, Controller: BoardController });
