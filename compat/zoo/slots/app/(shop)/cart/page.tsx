import { View } from "../../../lib/view";

export default function CartPage() {
  return <View title="Static, in a route group" />;
}
