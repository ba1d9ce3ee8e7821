import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";

export const revalidate = 600;
export default function FailingPage() {
  failDuringTheBuild();
  return <View title="The API is up (isr)" />;
}
