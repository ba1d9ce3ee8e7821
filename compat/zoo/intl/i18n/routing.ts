import { defineRouting } from "next-intl/routing";
import { localePrefix } from "./prefix";

export const routing = defineRouting({ locales: ["en", "de"], defaultLocale: "en", localePrefix });
