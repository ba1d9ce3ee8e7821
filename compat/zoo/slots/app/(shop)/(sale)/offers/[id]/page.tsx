import { View } from "../../../../../lib/view";

export const revalidate = 600;

export function generateStaticParams() {
  return [{ id: "1" }];
}

export default async function OfferPage({ params }: { params: Promise<{ id: string }> }) {
  return <View title={`Offer ${(await params).id}, in two route groups`} />;
}
