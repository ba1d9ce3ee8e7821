export const localePrefix = "never" as const;
