import { Suspense } from "react";
import { View } from "../../lib/view";
import { Query } from "./query";

export const revalidate = 600;

export default function QueryPage() {
  return (
    <View title="Reads the query in the browser">
      <Suspense fallback={<p>…</p>}>
        <Query />
      </Suspense>
    </View>
  );
}
