import { cookies } from "next/headers";
import { View } from "../../lib/view";

// Depends on who asks. Before 0.2.1 the prerenderer lists it all the same.
export const revalidate = 600;

export default async function DynamicPage() {
  const user = (await cookies()).get("user")?.value ?? "nobody";
  return <View title={`Dynamic for ${user}`} />;
}
