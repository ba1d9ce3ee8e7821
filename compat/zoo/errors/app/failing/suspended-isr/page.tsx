import { Suspense } from "react";
import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";

export const revalidate = 600;
async function Child() {
  await Promise.resolve();
  failDuringTheBuild("API_DOWN");
  return <p>The API is up</p>;
}

export default function SuspendedPage() {
  return (
    <View title="A child that may fail (isr)">
      <Suspense fallback={<p>Loading</p>}>
        <Child />
      </Suspense>
    </View>
  );
}
