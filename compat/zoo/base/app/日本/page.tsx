import { View } from "../../lib/view";

export const revalidate = 120;

export default function UnicodeFolderPage() {
  return <View title="日本" />;
}
