export const localePrefix = "always" as const;
