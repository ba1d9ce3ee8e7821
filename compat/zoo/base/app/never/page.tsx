import { View } from "../../lib/view";

export const revalidate = false;

export default function NeverPage() {
  return <View title="Never revalidated" />;
}
