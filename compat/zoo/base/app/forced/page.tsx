import { View } from "../../lib/view";

export const dynamic = "force-static";

export default function ForcedPage() {
  return <View title="Forced static" />;
}
