import { View } from "../lib/view";

export default function HomePage() {
  return <View title="Home, static" />;
}
