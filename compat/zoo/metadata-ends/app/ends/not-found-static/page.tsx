import { notFound } from "next/navigation";
import { View } from "../../../lib/view";

export function generateMetadata(): never {
  notFound();
}

export default function EndsPage() {
  return <View title="A page whose metadata ends it (static)" />;
}
