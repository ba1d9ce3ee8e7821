import { redirect } from "next/navigation";
import { View } from "../../../lib/view";

export const revalidate = 600;
export function generateMetadata(): never {
  redirect("/about");
}

export default function EndsPage() {
  return <View title="A page whose metadata redirects (isr)" />;
}
