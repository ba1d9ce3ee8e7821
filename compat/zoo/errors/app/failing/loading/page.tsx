import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";

export const revalidate = 600;

export default async function LoadingPage() {
  await Promise.resolve();
  failDuringTheBuild();
  return <View title="Behind a loading.tsx" />;
}
