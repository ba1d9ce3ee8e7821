export const localePrefix = "as-needed" as const;
