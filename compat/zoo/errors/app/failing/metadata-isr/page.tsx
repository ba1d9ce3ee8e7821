import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";

export const revalidate = 600;
export function generateMetadata() {
  failDuringTheBuild();
  return { title: "The API is up" };
}

export default function MetadataPage() {
  return <View title="Metadata that may fail (isr)" />;
}
