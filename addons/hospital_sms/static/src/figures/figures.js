import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { graphView } from "@web/views/graph/graph_view";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { pivotView } from "@web/views/pivot/pivot_view";
import { PivotRenderer } from "@web/views/pivot/pivot_renderer";
import { filtersInWords } from "../history/filters";

// As on every list of messages.
const COLORS = {
    delivered: "#28a745",
    sent: "#7fb3d5",
    failed: "#d9534f",
    partial: "#f0ad4e",
    unknown: "#b06ab3",
    silent: "#c9b458",
    queued: "#17a2b8",
    excluded: "#adb5bd",
    cancelled: "#ced4da",
    draft: "#dee2e6",
};

/** The pivot of the message figures: its Excel button writes a sheet that states the filters, and is logged. */
class FiguresPivotRenderer extends PivotRenderer {
    setup() {
        super.setup();
        this.orm = useService("orm");
    }

    async onDownloadButtonClicked() {
        const { searchModel } = this.env;
        const { fullRowGroupBys, fullColGroupBys } = this.model.metaData;
        const action = await this.orm.call("hospital.message.figure", "export", [
            searchModel.domain,
            [...fullRowGroupBys, ...fullColGroupBys],
            filtersInWords(searchModel),
        ]);
        return this.actionService.doAction(action);
    }
}

/** Each state has one colour, in every chart. */
class FiguresGraphRenderer extends GraphRenderer {
    getChartConfig() {
        const config = super.getChartConfig();
        const { fields, groupBy } = this.model.metaData;
        if (groupBy.at(-1)?.fieldName === "state") {
            const states = Object.fromEntries(fields.state.selection.map(([state, label]) => [label, state]));
            for (const dataset of config.data.datasets) {
                const color = COLORS[states[dataset.label]];
                if (color) {
                    dataset.backgroundColor = color;
                    dataset.borderColor = color;
                }
            }
        }
        return config;
    }
}

registry.category("views").add("hospital_message_figures", { ...pivotView, Renderer: FiguresPivotRenderer });
registry.category("views").add("hospital_message_figures_graph", { ...graphView, Renderer: FiguresGraphRenderer });
