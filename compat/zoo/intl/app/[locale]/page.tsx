import { getTranslations, setRequestLocale } from "next-intl/server";

export const revalidate = 600;

export default async function HomePage({ params }: { params: Promise<{ locale: string }> }) {
  setRequestLocale((await params).locale);
  const t = await getTranslations();
  return <main>{t("hello")}</main>;
}
