import { redirect } from "next/navigation";
import { View } from "../../../lib/view";

export function generateMetadata(): never {
  redirect("/about");
}

export default function EndsPage() {
  return <View title="A page whose metadata redirects (static)" />;
}
