import { registry } from "@web/core/registry";
import { capitalize } from "@web/core/utils/strings";
import { RemainingDaysField, remainingDaysField } from "@web/views/fields/remaining_days/remaining_days_field";

const COUNTED = 31;

/** Odoo's remaining days, but always in days: a week before the first it says "next month". */
class DaysLeftField extends RemainingDaysField {
    get diffString() {
        if (this.diffDays === null) {
            return "";
        }
        const date = this.props.record.data[this.props.name];
        return Math.abs(this.diffDays) > COUNTED
            ? this.formattedValue
            : capitalize(date.toRelativeCalendar({ unit: "days" }));
    }
}

registry.category("fields").add("hospital_days_left", { ...remainingDaysField, component: DaysLeftField });
