import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";

export default function FailingPage() {
  failDuringTheBuild();
  return <View title="The API is up (static)" />;
}
