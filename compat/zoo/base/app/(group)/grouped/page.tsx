import { View } from "../../../lib/view";

export const revalidate = 600;

export default function GroupedPage() {
  return <View title="In a route group" />;
}
