import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The row of a dead letter: a line a column, its value to be corrected, and what the mapping makes of it. */
class RowField extends Component {
    static template = "hospital_his_connector.RowField";
    static props = { ...standardFieldProps };

    get lines() {
        const row = this.props.record.data[this.props.name] || {};
        return (this.props.record.data.meanings || []).map((line) => ({
            ...line,
            value: line.column in row ? (row[line.column] ?? "") : "",
            wrong: line.guilty || line.becomes.some((meaning) => meaning.problem),
        }));
    }

    onChange(column, text) {
        const row = this.props.record.data[this.props.name];
        return this.props.record.update({ [this.props.name]: { ...row, [column]: text || null } });
    }
}

registry.category("fields").add("hospital_his_row", {
    component: RowField,
    supportedTypes: ["json"],
    fieldDependencies: [{ name: "meanings", type: "json", readonly: true }],
});
