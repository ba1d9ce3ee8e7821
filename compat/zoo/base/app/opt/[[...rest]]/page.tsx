import { View } from "../../../lib/view";

export const revalidate = 600;

export function generateStaticParams() {
  return [{ rest: [] }, { rest: ["x"] }];
}

export default async function OptionalPage({ params }: { params: Promise<{ rest?: string[] }> }) {
  const { rest = [] } = await params;
  return <View title={`Optional ${rest.join(" > ")}`} />;
}
