import { View } from "../../lib/view";

export const revalidate = 60;

export default function IsrPage() {
  return <View title="Revalidated every minute" />;
}
