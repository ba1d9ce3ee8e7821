import { Suspense } from "react";
import { failDuringTheBuild } from "../../../lib/build";
import { View } from "../../../lib/view";
import { Reader } from "./reader";

async function read() {
  await Promise.resolve();
  failDuringTheBuild();
  return "The API is up";
}

export default function PromisePage() {
  return (
    <View title="A promise that may be rejected">
      <Suspense fallback={<p>Loading</p>}>
        <Reader text={read()} />
      </Suspense>
    </View>
  );
}
