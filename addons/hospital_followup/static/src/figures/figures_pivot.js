import { registry } from "@web/core/registry";
import { pivotView } from "@web/views/pivot/pivot_view";
import { PivotRenderer } from "@web/views/pivot/pivot_renderer";

/** The pivot of the follow-up figures: its Excel button states the filters and is logged. */
class FiguresPivotRenderer extends PivotRenderer {
    onDownloadButtonClicked() {
        const { searchModel } = this.env;
        const { activeMeasures, fullRowGroupBys, fullColGroupBys } = this.model.metaData;
        const words = searchModel.facets
            .filter((facet) => facet.type !== "groupBy")
            .map(({ title, values, separator }) => {
                const text = values.join(` ${separator} `);
                return title && title !== text ? `${title}: ${text}` : text;
            });
        return this.actionService.doAction("hospital_followup.action_followup_export", {
            additionalContext: {
                default_view_domain: JSON.stringify(searchModel.domain),
                default_view_filters: words.join("; "),
                view_groups: [...fullRowGroupBys, ...fullColGroupBys],
                view_measures: activeMeasures,
            },
        });
    }

    onDefinitionsClicked() {
        return this.actionService.doAction("hospital_followup.action_kpi");
    }
}

registry.category("views").add("hospital_followup_figures", {
    ...pivotView,
    Renderer: FiguresPivotRenderer,
    buttonTemplate: "hospital_followup.FiguresPivot.Buttons",
});
