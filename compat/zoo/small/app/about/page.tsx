import { View } from "../../lib/view";

export default function AboutPage() {
  return <View title="About, static" />;
}
