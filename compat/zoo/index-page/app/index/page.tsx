import { View } from "../../lib/view";

export const revalidate = 600;

export default function IndexNamedPage() {
  return <View title="A page named index" />;
}
