import { registry } from "@web/core/registry";

/** Opens the next task in place of the last one: a worker's path stays "today's list / task". */
async function openTask(env, { params }) {
    const { action } = params;
    await env.services.action.doAction(action, {
        clearBreadcrumbs: true,
        viewType: "form",
        props: { resId: action.res_id },
    });
}

registry.category("actions").add("hospital_followup.open_task", openTask);
