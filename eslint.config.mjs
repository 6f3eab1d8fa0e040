import js from "@eslint/js";
import globals from "globals";

export default [
    js.configs.recommended,
    {
        files: ["addons/**/static/**/*.js"],
        ignores: ["addons/**/static/lib/**"],
        languageOptions: {
            sourceType: "module",
            globals: { ...globals.browser, luxon: "readonly", odoo: "readonly" },
        },
        rules: {
            "no-console": "error",
            "no-unused-vars": "error",
            "no-var": "error",
            "prefer-const": "error",
            curly: "error",
            eqeqeq: "error",
        },
    },
];
