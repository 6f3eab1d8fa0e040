import { registry } from "@web/core/registry";
import { graphView } from "@web/views/graph/graph_view";
import { GraphModel } from "@web/views/graph/graph_model";

/** The graph of the follow-up figures: a rate of nobody is a gap, where Odoo draws 0 %. */
class FiguresGraphModel extends GraphModel {
    _getData(dataPoints, forceUseAllDataPoints) {
        const data = super._getData(dataPoints, forceUseAllDataPoints);
        const { fields, measure } = this.metaData;
        if (fields[measure]?.aggregator === "avg") {
            const key = (label, index) => JSON.stringify([label, index]);
            const known = new Set(
                dataPoints
                    .filter(({ value }) => value !== false)
                    .map((point) => key(this._getDatasetLabel(point), point.labelIndex)),
            );
            for (const dataset of data.datasets) {
                dataset.data = dataset.data.map((value, index) =>
                    known.has(key(dataset.label, index)) ? value : null,
                );
            }
        }
        return data;
    }
}

registry.category("views").add("hospital_followup_figures_graph", { ...graphView, Model: FiguresGraphModel });
