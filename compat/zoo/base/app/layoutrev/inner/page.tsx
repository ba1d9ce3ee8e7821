import { View } from "../../../lib/view";

export default function InnerPage() {
  return <View title="Revalidated by its layout" />;
}
