import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { onWillStart } from "@odoo/owl";
import { listView } from "@web/views/list/list_view";
import { ListController } from "@web/views/list/list_controller";
import { filtersInWords } from "./filters";

/** The list of messages: what its filters show goes to Excel, as a job of its own if it is much. */
class HistoryController extends ListController {
    setup() {
        super.setup();
        onWillStart(async () => {
            this.mayExport = await user.hasGroup("base.group_allow_export");
        });
    }

    async onExportToExcel() {
        const { searchModel } = this.env;
        const action = await this.orm.call("hospital.message.export", "begin", [
            searchModel.domain,
            filtersInWords(searchModel),
        ]);
        return this.actionService.doAction(action);
    }
}

registry.category("views").add("hospital_message_history", {
    ...listView,
    Controller: HistoryController,
    buttonTemplate: "hospital_sms.History.Buttons",
});
