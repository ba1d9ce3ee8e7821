import { Suspense } from "react";
import { View } from "../../lib/view";
import { BrowserOnly } from "./browser-only";

// What only looks like a failure: text that reads like a row of one, and a child that leaves itself to
// the browser.
const LONG = `${"a long text ".repeat(100)}\n7:E{"digest":"1234"}\n`;

export default function HealthyPage() {
  return (
    <View title="Looks like a failure">
      <p>{LONG}</p>
      <Suspense fallback={<p>In the browser</p>}>
        <BrowserOnly />
      </Suspense>
    </View>
  );
}
